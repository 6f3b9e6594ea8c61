import { CacheError, type CacheErrorCode } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { connect } from "./connect.js";
import type { ConnectOptions } from "./options.js";
import { FakeCluster, type FakeClusterOptions } from "./testing/fake-cluster.js";

async function start(options: FakeClusterOptions = {}, more: Partial<ConnectOptions> = {}) {
  const fake = await FakeCluster.start(options);
  const client = await connect({ seeds: fake.seeds, ...more });
  return {
    fake,
    client,
    node: fake.node(0),
    cache: client.cache<string>("products"),
    [Symbol.asyncDispose]: async () => {
      await client.close({ drainTimeout: 0 });
      await fake[Symbol.asyncDispose]();
    },
  };
}

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

/** Resolves when the one operation has failed and waits: its deadline and its wait are timers. */
async function untilWaiting(clock: FakeClock) {
  await expect.poll(() => clock.pendingTimers, { interval: 2 }).toBe(2);
}

describe("When another node owns the key", () => {
  it("asks the owner that the answer names, before any topology has told of it", async () => {
    await using test = await start({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    for (const node of test.fake.nodes) node.servesTopology = false;
    test.fake.moveAllTo(second);
    expect((await test.cache.set(key, "v")).version).toBeGreaterThan(0);
    expect(first.operations).toHaveLength(1);
    expect(second.operations).toHaveLength(1);
    expect(test.client.locate(key).owner?.nodeId).toBe("node-0");
  });

  it("asks a node that it has never heard of, if the answer names it", async () => {
    await using test = await start();
    test.node.servesTopology = false;
    const added = await test.fake.addNode("added");
    test.fake.moveAllTo(added);
    await test.cache.set("a", "v");
    expect(added.operations).toHaveLength(1);
  });

  it("follows the topology as it is published", async () => {
    await using test = await start({ nodes: 2 });
    test.fake.moveAllTo(test.fake.node(1));
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    await test.cache.set("a", "v");
    expect(test.fake.node(0).operations).toHaveLength(0);
    expect(test.client.topology().members.map(({ ownedPartitions }) => ownedPartitions)).toEqual([
      0, 16,
    ]);
  });

  it("waits for an owner that does not know yet that it is one", async () => {
    await using test = await start();
    let refusals = 0;
    test.node.intercept = () => {
      refusals += 1;
      if (refusals > 3) return undefined;
      const { incarnation, nodeId, address } = test.node;
      return { code: "NOT_OWNER", notOwner: { epoch: 1, incarnation, nodeId, address, term: 1 } };
    };
    await test.cache.set("a", "v");
    expect(refusals).toBe(4);
  });

  it("goes on as soon as a newer topology arrives, without waiting out its backoff", async () => {
    // This clock stands still: no wait ever ends by itself.
    const clock = new FakeClock();
    await using test = await start({ nodes: 2 }, { clock });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    first.intercept = () => ({ code: "UNAVAILABLE", message: "handing over" });
    const written = test.cache.set(key, "v");
    await received(first, 1);
    await untilWaiting(clock);
    test.fake.moveAllTo(second);
    await written;
    expect(second.operations).toHaveLength(1);
  });
});

describe("When a node refuses for the moment", () => {
  it.each(["OVERLOADED", "UNAVAILABLE"] as const)("tries again after %s", async (code) => {
    await using test = await start();
    let refusals = 0;
    test.node.intercept = () => {
      refusals += 1;
      return refusals <= 2 ? { code, message: "later" } : undefined;
    };
    await test.cache.set("a", "v");
    expect(refusals).toBe(3);
  });

  it("ends at the deadline with what it last heard, and nothing written", async () => {
    await using test = await start();
    test.node.intercept = () => ({ code: "OVERLOADED", message: "the queue is full" });
    const error = await errorOf(test.cache.set("a", "v", { timeout: 500 }));
    expect(error).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: "no answer within 500 ms; before that OVERLOADED: the queue is full",
      cause: coded("OVERLOADED"),
    });
  });

  it.each(["READ_ONLY", "UNKNOWN_CACHE", "INTERNAL", "VALUE_TOO_LARGE"] as const)(
    "does not try again after %s",
    async (code) => {
      await using test = await start();
      test.node.intercept = () => ({ code, message: "no" });
      await expect(test.cache.set("a", "v")).rejects.toThrowError(coded(code));
      expect(test.node.operations).toHaveLength(1);
    },
  );

  it("never sends a write again whose outcome the node does not know", async () => {
    await using test = await start();
    test.node.intercept = () => ({ code: "OUTCOME_UNKNOWN", outcome: "UNKNOWN" });
    await expect(test.cache.set("a", "v")).rejects.toThrowError(coded("OUTCOME_UNKNOWN"));
    test.node.intercept = () => ({ code: "UNAVAILABLE", outcome: "UNKNOWN", message: "lost" });
    const error = await errorOf(test.cache.set("a", "v"));
    expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", cause: coded("UNAVAILABLE") });
    expect(test.node.operations).toHaveLength(2);
  });
});

describe("When no answer comes", () => {
  it("a read fails at its deadline", async () => {
    const clock = new FakeClock();
    await using test = await start({}, { clock });
    test.node.intercept = () => "silence";
    const read = errorOf(test.cache.get("a", { timeout: 50 }));
    await received(test.node, 1);
    clock.advance(50);
    expect(await read).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: "no answer within 50 ms",
    });
  });

  it("a write that was sent is of unknown outcome", async () => {
    const clock = new FakeClock();
    await using test = await start({}, { clock });
    test.node.intercept = () => "silence";
    const write = errorOf(test.cache.set("a", "v", { timeout: 50 }));
    await received(test.node, 1);
    clock.advance(50);
    expect(await write).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      cause: coded("DEADLINE_EXCEEDED"),
    });
  });

  it("a write that was not sent did not happen", async () => {
    const clock = new FakeClock();
    await using test = await start({}, { clock });
    test.node.answersHellos = false;
    const write = errorOf(test.cache.set("a", "v", { timeout: 50 }));
    await expect.poll(() => test.node.pipesOpened).toBe(1);
    clock.advance(50);
    expect((await write).code).toBe("DEADLINE_EXCEEDED");
    // Nor does it happen later, when the connection comes about.
    const { nodeId, incarnation } = test.node;
    test.node.send({ hello: { nodeId, incarnation, epoch: 1 } });
    await test.cache.get("a");
    expect(test.node.operations.map(({ kind }) => kind)).toEqual(["GET"]);
  });

  it("an answer that comes too late is ignored, and the pipe goes on", async () => {
    const clock = new FakeClock();
    await using test = await start({}, { clock });
    test.node.intercept = () => "silence";
    const read = errorOf(test.cache.get("a", { timeout: 50 }));
    await received(test.node, 1);
    clock.advance(50);
    await read;
    const late = test.node.operations[0]?.id ?? 0;
    test.node.send({ replies: [{ id: late, code: "OK", term: 1 }] });
    test.node.intercept = () => undefined;
    expect(await test.cache.get("a")).toBeUndefined();
    expect(test.node.pipesOpened).toBe(1);
  });

  it("one slow operation does not hold up those that come after it", async () => {
    await using test = await start();
    test.node.intercept = ({ key }) => (key.toString() === "slow" ? "silence" : undefined);
    const slow = test.cache.get("slow");
    await received(test.node, 1);
    for (let count = 0; count < 20; count++) await test.cache.get("fast");
    const { id = 0 } = test.node.operations[0] ?? {};
    test.node.send({ replies: [{ id, code: "OK", term: 1 }] });
    expect(await slow).toBeUndefined();
  });
});

describe("When a connection breaks", () => {
  it("reads are repeated", async () => {
    await using test = await start();
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
    await using test = await start();
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
    await using test = await start();
    test.node.answersHellos = false;
    const written = test.cache.set("a", "v");
    await expect.poll(() => test.node.pipesOpened).toBe(1);
    test.node.answersHellos = true;
    test.node.dropPipes();
    expect((await written).version).toBeGreaterThan(0);
    expect(test.node.operations).toHaveLength(1);
  });

  it("writes that a node left undone when it stopped in good order are repeated", async () => {
    await using test = await start({ nodes: 2 });
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
  });

  it("stray answers harm nobody", async () => {
    await using test = await start();
    test.node.sendsStrayReplies = true;
    await test.cache.set("a", "v");
    expect(await test.cache.get("a")).toBe("v");
  });

  it("nothing is sent to another process that took over the address", async () => {
    await using test = await start({ nodes: 2 });
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
    await using test = await start();
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
    await using test = await start({ nodes: 2 });
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
    expect(second.unaryCalls).toBe(7);
    expect(second.operations).toHaveLength(0);
  });
});

describe("When the topology changes under way", () => {
  it("reads sent to a node that has left go to the new owner", async () => {
    await using test = await start({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    first.intercept = () => "silence";
    const read = test.cache.get(key);
    await received(first, 1);
    test.fake.moveAllTo(second);
    test.fake.remove(first);
    expect(await read).toBeUndefined();
    expect(second.operations).toHaveLength(1);
  });

  it("writes sent to a node that has left are of unknown outcome", async () => {
    await using test = await start({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    first.intercept = () => "silence";
    const write = test.cache.set(test.fake.keyOf(first), "v");
    await received(first, 1);
    test.fake.moveAllTo(second);
    test.fake.remove(first);
    expect((await errorOf(write)).code).toBe("OUTCOME_UNKNOWN");
  });

  it("an answer of a former owner is discarded and asked for again", async () => {
    await using test = await start();
    await test.cache.set("a", "new");
    test.node.term = 5;
    expect(await test.cache.get("a")).toBe("new");
    let answers = 0;
    test.node.intercept = ({ kind }) => {
      if (kind !== "GET") return undefined;
      answers += 1;
      const old = { code: "OK", term: 4, value: Buffer.from('"old"'), encoding: 1 } as const;
      return answers <= 2 ? old : undefined;
    };
    expect(await test.cache.get("a")).toBe("new");
    expect(answers).toBe(3);
  });

  it("an answer at a lower term than the topology's is discarded as well", async () => {
    await using test = await start();
    test.node.term = 1;
    test.fake.moveAllTo(test.node);
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    const read = test.cache.get("a");
    await received(test.node, 3);
    test.node.term = 2;
    expect(await read).toBeUndefined();
  });

  it("survives the replacement of every node", async () => {
    await using test = await start({ nodes: 2 });
    const old = [...test.fake.nodes];
    const added = await test.fake.addNode("added");
    test.fake.moveAllTo(added);
    await expect.poll(() => test.client.locate("a").owner?.nodeId).toBe("added");
    for (const node of old) {
      test.fake.remove(node);
      node.stop();
    }
    await expect.poll(() => added.watchers, { timeout: 5_000 }).toBe(1);
    const last = await test.fake.addNode("last");
    test.fake.moveAllTo(last);
    await test.cache.set("a", "v");
    expect(last.operations).toHaveLength(1);
  });
});

describe("When the caller gives up", () => {
  it("nothing is sent for a signal that has aborted before", async () => {
    await using test = await start();
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    await expect(test.cache.set("a", "v", { signal })).rejects.toBe(reason);
    await expect(test.cache.clear({ signal })).rejects.toBe(reason);
    await expect(test.cache.stats({ signal })).rejects.toBe(reason);
    await expect(test.cache.warm(["a"], { signal })).rejects.toBe(reason);
    expect(test.node.operations).toHaveLength(0);
  });

  it("a read rejects with the signal's reason", async () => {
    await using test = await start();
    test.node.intercept = () => "silence";
    const controller = new AbortController();
    const read = test.cache.get("a", { signal: controller.signal });
    await received(test.node, 1);
    const reason = new Error("gone");
    controller.abort(reason);
    await expect(read).rejects.toBe(reason);
  });

  it("a write that was sent is of unknown outcome, caused by the reason", async () => {
    await using test = await start();
    test.node.intercept = () => "silence";
    const controller = new AbortController();
    const write = test.cache.set("a", "v", { signal: controller.signal });
    await received(test.node, 1);
    const reason = new Error("gone");
    controller.abort(reason);
    expect(await errorOf(write)).toMatchObject({ code: "OUTCOME_UNKNOWN", cause: reason });
  });

  it("a write that waits to be tried again did not happen", async () => {
    const clock = new FakeClock();
    await using test = await start({}, { clock });
    test.node.intercept = () => ({ code: "OVERLOADED", message: "later" });
    const controller = new AbortController();
    const write = test.cache.set("a", "v", { signal: controller.signal });
    await received(test.node, 1);
    await untilWaiting(clock);
    const reason = new Error("gone");
    controller.abort(reason);
    await expect(write).rejects.toBe(reason);
  });
});

describe("When too much is in flight", () => {
  it("operations are refused at once, and taken again when others have ended", async () => {
    await using test = await start({}, { maxInFlight: 3 });
    test.node.intercept = () => "silence";
    const reads = ["a", "b", "c"].map((key) => test.cache.get(key, { timeout: 100 }));
    await expect(test.cache.get("d")).rejects.toThrowError(coded("OVERLOADED"));
    await Promise.allSettled(reads);
    test.node.intercept = () => undefined;
    expect(await test.cache.get("d")).toBeUndefined();
    expect((await test.cache.getMany(["a", "b", "c", "d", "e"])).size).toBe(0);
  });

  it("bytes count as well", async () => {
    await using test = await start({}, { maxInFlightBytes: 1_000 });
    test.node.intercept = () => "silence";
    const write = test.cache.set("a", "x".repeat(900), { timeout: 100 });
    await expect(test.cache.set("b", "x".repeat(100))).rejects.toThrowError(coded("OVERLOADED"));
    await Promise.allSettled([write]);
  });
});
