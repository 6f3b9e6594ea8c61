import { CacheError, type CacheErrorCode } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";

function coded(code: CacheErrorCode): unknown {
  return expect.objectContaining({ code });
}

/** The error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<CacheError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CacheError);
  // Checked just above.
  return error as CacheError;
}

/** Resolves when the node has received so many operations. */
async function received(node: { readonly operations: readonly unknown[] }, count: number) {
  await expect.poll(() => node.operations.length, { interval: 2 }).toBeGreaterThanOrEqual(count);
}

describe("When a connection breaks", () => {
  it("reads are repeated", async () => {
    await using test = await startConnected();
    await test.cache.set("a", "v");
    let drops = 0;
    test.node.intercept = () => {
      drops += 1;
      return drops === 1 ? "drop" : undefined;
    };
    expect(await test.cache.get("a")).toBe("v");
    expect(test.node.pipesOpened).toBe(2);
  });

  it("writes that were sent are of unknown outcome and are not repeated", async () => {
    await using test = await startConnected();
    let drops = 0;
    test.node.intercept = () => {
      drops += 1;
      return drops === 1 ? "drop" : undefined;
    };
    const error = await errorOf(test.cache.set("a", "v"));
    expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", cause: coded("UNAVAILABLE") });
    expect(test.node.operations).toHaveLength(1);
    await test.cache.set("a", "v");
  });

  it("writes that were not sent are repeated", async () => {
    await using test = await startConnected();
    test.node.answersHellos = false;
    const written = test.cache.set("a", "v");
    await expect.poll(() => test.node.pipesOpened).toBe(1);
    test.node.answersHellos = true;
    test.node.dropPipes();
    expect((await written).version).toBeGreaterThan(0);
    expect(test.node.operations).toHaveLength(1);
  });

  it("writes that a node left undone when it stopped in good order are repeated", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    first.intercept = () => "silence";
    const written = test.cache.set(key, "v");
    await received(first, 1);
    test.fake.moveAllTo(second);
    await expect.poll(() => test.client.locate(key).owner?.nodeId).toBe("node-1");
    first.endPipes();
    await written;
    expect(second.operations).toHaveLength(1);
    // Nothing has gone wrong.
    expect(test.client.clientStats().connections.failed).toBe(0);
  });

  it("stray answers harm nobody", async () => {
    await using test = await startConnected();
    test.node.sendsStrayReplies = true;
    await test.cache.set("a", "v");
    expect(await test.cache.get("a")).toBe("v");
    const { received, unclaimed } = test.client.clientStats().replies;
    expect({ received, unclaimed }).toEqual({ received: 4, unclaimed: 2 });
  });

  it("nothing is sent to another process that took over the address", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    first.claimedIncarnation = "somebody-else";
    const written = test.cache.set(key, "v");
    await expect.poll(() => first.pipesOpened).toBeGreaterThanOrEqual(1);
    test.fake.moveAllTo(second);
    await written;
    expect(first.operations).toHaveLength(0);
  });

  it("the node is tried again seldom, however many operations wait for it", async () => {
    await using test = await startConnected();
    test.node.claimedIncarnation = "somebody-else";
    const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    const reads = keys.map((key) => test.cache.get(key, { timeout: 1_000 }));
    const results = await Promise.allSettled(reads);
    for (const result of results) {
      expect(result).toMatchObject({ reason: { code: "DEADLINE_EXCEEDED" } });
    }
    // Waits of at least 25, 50, 100, 200 and 400 ms fit into the time.
    expect(test.node.pipesOpened).toBeGreaterThanOrEqual(2);
    expect(test.node.pipesOpened).toBeLessThanOrEqual(7);
  });

  it("operations take a detour while their owner cannot be reached", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    first.stop();
    const { version } = await test.cache.set(key, "v", { ttl: "1m" });
    expect(await test.cache.getWithMeta(key)).toMatchObject({
      value: "v",
      version,
      ttlLeftMs: 60_000,
    });
    expect(await test.cache.touch(key, { ttl: "2m" })).toBe(true);
    await test.cache.delete(key);
    expect(await test.cache.get(key)).toBeUndefined();
    expect(await test.cache.increment(key, 5)).toBe(5);
    await expect(test.cache.set(key, "v", { ifVersion: 7 })).rejects.toThrowError(
      coded("VERSION_CONFLICT"),
    );
    expect(await test.cache.getOrLoad(key, () => "loaded")).toBe(5);
    await test.cache.delete(key);
    expect(await test.cache.getOrLoad(key, () => "loaded")).toBe("loaded");
    expect(await test.cache.get(key)).toBeUndefined();
    expect(second.unaryCalls).toBe(11);
    expect(second.operations).toHaveLength(0);
  });
});
