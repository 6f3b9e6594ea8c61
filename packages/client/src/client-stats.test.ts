import { CacheError, type Logger } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { pino } from "pino";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { ClientObserver, FinishedOperation } from "./calls/observer.js";
import type { ConnectOptions } from "./options.js";
import { startConnected } from "./testing/fake-client.js";

describe("The statistics of a client", () => {
  it("tell what became of its operations, and how they travelled", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    expect(test.client.clientStats()).toMatchObject({ operations: {}, nodes: [], epoch: 2 });
    await test.cache.setMany([
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
    ]);
    await test.cache.getMany(["a", "b", "missing"]);
    await expect(test.cache.set("a", "v", { ifVersion: 7 })).rejects.toThrowError();
    const key = test.fake.keyOf(first);
    for (const node of test.fake.nodes) node.servesTopology = false;
    test.fake.moveAllTo(second);
    await test.cache.set(key, "v");
    const loaded = () => Promise.resolve("loaded");
    await Promise.all([test.cache.getOrLoad("x", loaded), test.cache.getOrLoad("x", loaded)]);
    const stats = test.client.clientStats();
    expect(stats.operations.SET?.outcomes).toEqual({ OK: 4, VERSION_CONFLICT: 1 });
    expect(stats.operations.GET?.outcomes).toEqual({ OK: 3 });
    expect(stats.operations.GET?.latency.count).toBe(3);
    expect(stats.operations).toMatchObject({
      LOAD: { outcomes: { OK: 1 } },
      FILL: { outcomes: { OK: 1 } },
    });
    expect(stats.operations.GET?.latency.p99Ms).toBeGreaterThan(0);
    expect(stats.redirects).toBeGreaterThanOrEqual(1);
    expect(stats.retries).toMatchObject({ made: 0, paid: 0, refused: 0 });
    expect(stats.batches.operations).toBe(first.operations.length + second.operations.length);
    expect(stats.batches.sent).toBe(first.messages.length + second.messages.length);
    expect(stats.replies).toEqual({ received: stats.batches.operations, unclaimed: 0 });
    expect(stats.connections).toEqual({ opened: 2, reopened: 0, failed: 0 });
    expect(stats.nodes).toContainEqual({
      nodeId: "node-0",
      incarnation: "node-0-1",
      address: first.address,
      breaker: "closed",
      failures: 0,
    });
    expect(stats.loads).toMatchObject({
      running: 0,
      started: 1,
      joined: 1,
      tokens: 1,
      failures: 0,
    });
    expect(stats.inFlight).toEqual({ operations: 0, bytes: 0 });
    // A plain object, which no later operation changes.
    expect(structuredClone(stats)).toEqual(stats);
  });

  it("count what waits, and what was refused at once", async () => {
    await using test = await startConnected({}, { maxInFlight: 1, clock: new FakeClock() });
    test.node.intercept = () => "silence";
    const controller = new AbortController();
    const waits = test.cache.get("abc", { signal: controller.signal });
    await expect(test.cache.set("b", "v")).rejects.toThrowError();
    expect(test.client.clientStats().inFlight).toEqual({ operations: 1, bytes: 43 });
    controller.abort();
    await expect(waits).rejects.toThrowError();
    const { operations } = test.client.clientStats();
    expect(operations.SET?.outcomes).toEqual({ OVERLOADED: 1 });
    expect(operations.GET?.outcomes).toEqual({ ABORTED: 1 });
  });
});

describe("An observer", () => {
  it("is told of operations, connections and topologies", async () => {
    const told: unknown[] = [];
    const ends: FinishedOperation[] = [];
    const observer: ClientObserver = {
      operationStarted: (operation) => {
        told.push(operation);
        return (finished) => ends.push(finished);
      },
      operationFinished: (finished) => told.push(finished),
      connectionOpened: ({ nodeId, address }) => told.push({ opened: nodeId, address }),
      connectionClosed: ({ nodeId }, error) => told.push({ closed: nodeId, error }),
      topologyChanged: (epoch) => told.push({ epoch }),
    };
    await using test = await startConnected({}, { observer });
    let refusals = 0;
    test.node.intercept = () =>
      refusals++ < 1 ? { code: "OVERLOADED", message: "later" } : undefined;
    await test.cache.set("a", "v");
    test.fake.moveAllTo(test.node);
    await expect.poll(() => told).toContainEqual({ epoch: 3 });
    test.node.dropPipes();
    await expect.poll(() => told).toHaveLength(5);
    const started = { cache: "products", kind: "SET" };
    const finished = {
      ...started,
      outcome: "OK",
      attempts: 2,
      durationMs: expect.toSatisfy((ms: number) => ms >= 5 && ms < 5_000),
    };
    const { address } = test.node;
    expect(told).toEqual([
      started,
      { opened: "node-0", address },
      finished,
      { epoch: 3 },
      { closed: "node-0", error: expect.objectContaining({ code: "UNAVAILABLE" }) },
    ]);
    expect(ends).toEqual([finished]);
    test.node.intercept = () => ({ code: "READ_ONLY", message: "no" });
    await expect(test.cache.set("a", "v")).rejects.toThrowError();
    expect(ends[1]).toMatchObject({ outcome: "READ_ONLY", attempts: 1 });
    await test.client.close();
    expect(told.at(-1)).toEqual({ closed: "node-0", error: undefined });
  });

  it("that throws harms nothing, and is complained of once for each hook", async () => {
    const warnings: object[] = [];
    const ignore = () => {};
    const logger: Logger = {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (fields) => warnings.push(fields),
    };
    const fail = (): never => {
      throw new Error("a defect of the observer");
    };
    const observer = {
      operationStarted: () => fail,
      operationFinished: fail,
      connectionOpened: fail,
      connectionClosed: fail,
      topologyChanged: fail,
    };
    await using test = await startConnected({}, { observer, logger });
    for (let count = 0; count < 3; count++) await test.cache.set("a", `v${count}`);
    expect(await test.cache.get("a")).toBe("v2");
    test.fake.moveAllTo(test.node);
    await expect.poll(() => test.client.topology().epoch).toBe(3);
    await test.client.close();
    const hooks = warnings.map((fields) => "hook" in fields && fields.hook);
    expect(hooks.toSorted()).toEqual(Object.keys(observer).toSorted());
  });

  it("whose start throws has its end told all the same", async () => {
    const finished: string[] = [];
    const observer: ClientObserver = {
      operationStarted: () => {
        throw new CacheError("INTERNAL", "a defect of the observer");
      },
      operationFinished: ({ kind }) => finished.push(kind),
    };
    await using test = await startConnected({}, { observer });
    await test.cache.get("a");
    expect(finished).toEqual(["GET"]);
  });
});

describe("A logger of pino", () => {
  it("is taken as it is", async () => {
    expectTypeOf(pino()).toExtend<NonNullable<ConnectOptions["logger"]>>();
    const lines: string[] = [];
    const logger = pino({ level: "debug" }, { write: (line) => lines.push(line) });
    await using test = await startConnected({}, { logger });
    await test.cache.set("a", "v");
    expect(lines.map((line) => JSON.parse(line).msg)).toContain("sent a batch");
  });
});
