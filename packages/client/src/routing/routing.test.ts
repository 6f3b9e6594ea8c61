import { CacheError } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";
import type { FakeCluster } from "../testing/fake-cluster.js";
import type { FakeNode } from "../testing/fake-node.js";

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

/** Lists the node as dead. */
function bury(fake: FakeCluster, { incarnation }: FakeNode) {
  fake.publish(({ members, ...topology }) => ({
    ...topology,
    members: members.map((member) =>
      member.incarnation === incarnation ? { ...member, state: "dead" } : member,
    ),
  }));
}

describe("When another node owns the key", () => {
  it("asks the owner that the answer names, before any topology has told of it", async () => {
    await using test = await startConnected({ nodes: 2 });
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
    await using test = await startConnected();
    test.node.servesTopology = false;
    const added = await test.fake.addNode("added");
    test.fake.moveAllTo(added);
    await test.cache.set("a", "v");
    expect(added.operations).toHaveLength(1);
  });

  it("follows the topology as it is published", async () => {
    await using test = await startConnected({ nodes: 2 });
    test.fake.moveAllTo(test.fake.node(1));
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    await test.cache.set("a", "v");
    expect(test.fake.node(0).operations).toHaveLength(0);
    expect(test.client.topology().members.map(({ ownedPartitions }) => ownedPartitions)).toEqual([
      0, 16,
    ]);
  });

  it("waits for an owner that does not know yet that it is one", async () => {
    await using test = await startConnected();
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
    await using test = await startConnected({ nodes: 2 }, { clock });
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

describe("When the topology changes under way", () => {
  it("reads sent to a node that has left go to the new owner", async () => {
    await using test = await startConnected({ nodes: 2 });
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

  it("writes that a node left undone go to the new owner, although it is gone already", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    first.intercept = () => "silence";
    const write = test.cache.set(key, "v");
    await received(first, 1);
    test.fake.moveAllTo(second);
    test.fake.remove(first);
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    first.endPipes();
    expect((await write).version).toBeGreaterThan(0);
    expect(second.operations).toHaveLength(1);
  });

  it("writes that a node left undone go to the new owner, although it is listed as dead by now", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    first.intercept = () => "silence";
    const write = test.cache.set(test.fake.keyOf(first), "v");
    await received(first, 1);
    test.fake.moveAllTo(second);
    bury(test.fake, first);
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    first.endPipes();
    expect((await write).version).toBeGreaterThan(0);
    expect(second.operations).toHaveLength(1);
  });

  it("writes wait a second for a node that is listed as dead, and reads do not", async () => {
    // This clock stands still: no time is over by itself.
    const clock = new FakeClock();
    await using test = await startConnected({ nodes: 2 }, { clock });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    first.intercept = () => "silence";
    const key = test.fake.keyOf(first);
    const write = test.cache.set(key, "v");
    const read = test.cache.get(key);
    await received(first, 2);
    test.fake.moveAllTo(second);
    bury(test.fake, first);
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    // The longest wait before another try.
    clock.advance(20);
    expect(await read).toBeUndefined();
    clock.advance(1_000);
    expect((await errorOf(write)).code).toBe("OUTCOME_UNKNOWN");
  });

  it("writes sent to a node that has left are of unknown outcome", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    first.intercept = () => "silence";
    const write = test.cache.set(test.fake.keyOf(first), "v");
    await received(first, 1);
    test.fake.moveAllTo(second);
    test.fake.remove(first);
    expect((await errorOf(write)).code).toBe("OUTCOME_UNKNOWN");
  });

  it("an answer of a former owner is discarded and asked for again", async () => {
    await using test = await startConnected();
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

  it("a refusal of a former owner is discarded as well, and decided by the present one", async () => {
    await using test = await startConnected();
    const { version } = await test.cache.set("a", "v1");
    test.node.term = 5;
    expect(await test.cache.get("a")).toBe("v1");
    let answers = 0;
    test.node.intercept = ({ kind }) => {
      if (kind !== "SET") return undefined;
      answers += 1;
      if (answers > 1) return undefined;
      return { code: "VERSION_CONFLICT", term: 4, message: "it has version 1" } as const;
    };
    await test.cache.set("a", "v2", { ifVersion: version });
    expect(answers).toBe(2);
    expect(await test.cache.get("a")).toBe("v2");
  });

  it("an answer at a lower term than the topology's is discarded as well", async () => {
    await using test = await startConnected();
    test.node.term = 1;
    test.fake.moveAllTo(test.node);
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    const read = test.cache.get("a");
    await received(test.node, 3);
    test.node.term = 2;
    expect(await read).toBeUndefined();
  });

  it("survives the replacement of every node", async () => {
    await using test = await startConnected({ nodes: 2 });
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
