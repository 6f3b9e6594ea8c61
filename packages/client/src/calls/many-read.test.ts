import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { json, string } from "../cache/codecs.js";
import type { ConnectOptions } from "../options.js";
import { startConnected } from "../testing/fake-client.js";

const KEYS = Array.from({ length: 40 }, (_, index) => `key-${index}`);
const ENTRIES = KEYS.map((key) => [key, `value of ${key}`] as const);

describe("Reading many keys", () => {
  it("finds keys whose owner has changed", async () => {
    await using test = await startConnected<string>({ nodes: 2 });
    await test.cache.setMany(ENTRIES);
    for (const node of test.fake.nodes) node.servesTopology = false;
    test.fake.moveAllTo(test.fake.node(1));
    expect(await test.cache.getMany(KEYS)).toEqual(new Map(ENTRIES));
    expect(test.client.clientStats().redirects).toBeGreaterThan(0);
  });

  it("finds keys that were on a connection that broke", async () => {
    await using test = await startConnected<string>();
    await test.cache.setMany(ENTRIES);
    let drops = 1;
    test.node.intercept = () => (drops-- > 0 ? "drop" : undefined);
    expect(await test.cache.getMany(KEYS)).toEqual(new Map(ENTRIES));
    expect(test.node.pipesOpened).toBe(2);
    expect(test.client.clientStats().inFlight).toEqual({ operations: 0, bytes: 0 });
  });

  it("asks again only for what was not answered before a connection broke", async () => {
    await using test = await startConnected<string>();
    await test.cache.setMany(ENTRIES);
    const before = test.node.operations.length;
    test.node.intercept = ({ id, key }) => {
      const value = Buffer.from('"answered"');
      if (key.toString() === "key-20") test.node.send([{ id, term: 1, value, encoding: 1 }]);
      return "silence";
    };
    const reading = test.cache.getMany(KEYS);
    await expect.poll(() => test.client.clientStats().replies.received).toBe(41);
    test.node.intercept = () => undefined;
    test.node.dropPipes();
    expect(await reading).toEqual(new Map([...ENTRIES, ["key-20", "answered"]]));
    expect(test.node.operations.length - before).toBe(40 + 39);
  });

  it("sends no more in a message than its bounds allow", async () => {
    const sizesWith = async (bounds: Partial<ConnectOptions>) => {
      await using test = await startConnected<string>({}, bounds);
      await test.cache.setMany(ENTRIES);
      const before = test.node.messages.length;
      expect(await test.cache.getMany(KEYS)).toEqual(new Map(ENTRIES));
      return test.node.messages.slice(before).map(({ operations }) => operations.length);
    };
    expect(await sizesWith({ batchMaxOperations: 15 })).toEqual([15, 15, 10]);
    expect(await sizesWith({ batchMaxBytes: 500 })).toEqual([10, 10, 10, 10]);
  });

  it("says how stale the values may be", async () => {
    await using test = await startConnected<string>();
    await test.cache.setMany(ENTRIES);
    await test.cache.getMany(KEYS, { maxStale: "2s" });
    const asked = test.node.operations.slice(-40);
    expect(new Set(asked.map(({ maxStaleMs }) => maxStaleMs))).toEqual(new Set([2_000]));
    await expect(test.cache.getMany([""])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(test.client.clientStats().inFlight).toEqual({ operations: 0, bytes: 0 });
  });

  it("ends when its time is over, and leaves nothing behind", async () => {
    const clock = new FakeClock();
    await using test = await startConnected<string>({}, { clock });
    await test.cache.setMany(ENTRIES);
    test.node.intercept = ({ id }) => (id % 2 === 0 ? "silence" : undefined);
    const reading = test.cache.getMany(KEYS, { timeout: 70 });
    await expect.poll(() => test.client.clientStats().inFlight.operations).toBe(40);
    await expect.poll(() => test.node.messages.length).toBe(2);
    clock.advance(70);
    await expect(reading).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    const { inFlight, operations } = test.client.clientStats();
    expect(inFlight).toEqual({ operations: 0, bytes: 0 });
    const { OK = 0, DEADLINE_EXCEEDED = 0 } = operations.GET?.outcomes ?? {};
    expect(OK + DEADLINE_EXCEEDED).toBe(40);
    expect(DEADLINE_EXCEEDED).toBeGreaterThanOrEqual(20);
    test.node.intercept = () => undefined;
    expect((await test.cache.getMany(KEYS)).size).toBe(40);
  });

  it("ends at once when its signal aborts", async () => {
    await using test = await startConnected<string>();
    test.node.intercept = () => "silence";
    const controller = new AbortController();
    const reading = test.cache.getMany(KEYS, { signal: controller.signal });
    await expect.poll(() => test.node.messages.length).toBe(1);
    controller.abort(new Error("no longer wanted"));
    await expect(reading).rejects.toThrowError("no longer wanted");
    expect(test.client.clientStats().inFlight).toEqual({ operations: 0, bytes: 0 });
  });

  it("is refused as a whole when there is no room for it", async () => {
    await using test = await startConnected<string>({}, { maxInFlight: 40 });
    test.node.intercept = () => "silence";
    const controller = new AbortController();
    const waiting = test.cache.get("other", { signal: controller.signal });
    await expect(test.cache.getMany(KEYS)).rejects.toMatchObject({ code: "OVERLOADED" });
    controller.abort(new Error("done"));
    await expect(waiting).rejects.toThrowError("done");
  });

  it("fails when a value cannot be read, whatever the others are", async () => {
    await using test = await startConnected<string>();
    await test.cache.setMany(ENTRIES);
    await test.client.cache("test", { codec: string() }).set("key-7", "text");
    const cache = test.client.cache("test", { codec: json() });
    await expect(cache.getMany(KEYS)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(test.client.clientStats().inFlight).toEqual({ operations: 0, bytes: 0 });
  });

  it("tries again what a node has too much for, within its budget, and nothing that is hopeless", async () => {
    await using test = await startConnected<string>();
    await test.cache.setMany(ENTRIES);
    const asked = new Map<string, number>();
    test.node.intercept = ({ kind, key }) => {
      if (kind !== "GET") return undefined;
      const name = key.toString();
      asked.set(name, (asked.get(name) ?? 0) + 1);
      return asked.get(name) === 1 && name < "key-12"
        ? { code: "OVERLOADED", message: "too much" }
        : undefined;
    };
    expect(await test.cache.getMany(KEYS)).toEqual(new Map(ENTRIES));
    expect(test.client.clientStats().retries.paid).toBeGreaterThan(0);
    test.node.intercept = () => ({ code: "OVERLOADED", message: "too much" });
    const refused = test.cache.getMany(KEYS);
    await expect(refused).rejects.toMatchObject({ code: "OVERLOADED" });
    const before = test.node.operations.length;
    test.node.intercept = () => ({ code: "UNKNOWN_CACHE", message: "no such cache" });
    await expect(test.cache.getMany(KEYS)).rejects.toMatchObject({ code: "UNKNOWN_CACHE" });
    expect(test.node.operations.length - before).toBe(40);
  });

  it("is refused by a client that is closed", async () => {
    await using test = await startConnected<string>();
    await test.client.close();
    await expect(test.cache.getMany(KEYS)).rejects.toMatchObject({ code: "CLOSED" });
  });
});
