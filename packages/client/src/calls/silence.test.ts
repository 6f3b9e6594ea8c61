import { setImmediate as turnOfLoop } from "node:timers/promises";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";

/** A client of two nodes that knows both, the first of which falls silent. */
async function startSilent() {
  const clock = new FakeClock();
  const closed: string[] = [];
  const observer = {
    connectionClosed: (node: { readonly nodeId: string }, error?: Error) =>
      closed.push(`${node.nodeId}: ${error?.message}`),
  };
  const test = await startConnected({ nodes: 2 }, { clock, observer });
  const [first, second] = [test.fake.node(0), test.fake.node(1)];
  const [key, other] = [test.fake.keyOf(first), test.fake.keyOf(second)];
  await test.cache.set(key, "v");
  await test.cache.set(other, "v");
  first.hangs = true;
  // What is sent from now on is sent after the last answer.
  await clock.advanceAsync(1);
  const stateOf = (nodeId: string) =>
    test.client.clientStats().nodes.find((node) => node.nodeId === nodeId);
  /** Asks the silent node, and lets the time of the operation pass. */
  const passDeadline = async (timeout: number) => {
    const read = Promise.allSettled([test.cache.get(key, { timeout })]);
    // What is sent leaves within two turns of the event loop.
    await turnOfLoop();
    await turnOfLoop();
    await clock.advanceAsync(timeout);
    await read;
  };
  return { ...test, clock, closed, first, second, key, other, stateOf, passDeadline };
}

describe("A node that keeps silent", () => {
  it("counts as failed after three deadlines over a second, and is gone round", async () => {
    await using test = await startSilent();
    for (let count = 0; count < 3; count++) await test.passDeadline(500);
    expect(test.stateOf("node-0")).toMatchObject({ breaker: "open", failures: 1 });
    expect(test.closed).toEqual([
      expect.stringMatching(/^node-0: connection to node node-0 .* nothing was heard for 1000 ms$/),
    ]);
    expect(test.stateOf("node-1")).toMatchObject({ breaker: "closed", failures: 0 });
    // The probe is a hello, and no operation of anybody is lost in it.
    test.first.answersHellos = false;
    await test.clock.advanceAsync(50);
    const asked = 4;
    await expect.poll(() => test.first.operations.length).toBe(asked);
    const read = test.cache.get(test.key);
    await expect.poll(() => test.stateOf("node-0")?.breaker).toBe("half-open");
    await test.clock.advanceAsync(2_000);
    await expect.poll(() => test.stateOf("node-0")).toMatchObject({ breaker: "open", failures: 2 });
    await test.clock.advanceAsync(20);
    expect(await read).toBe("v");
    expect(test.second.unaryCalls).toBe(1);
    expect(test.first.operations).toHaveLength(asked);
  });

  it("is found out as well by what waits for its answers to be sent, and did not happen", async () => {
    await using test = await startSilent();
    // More than a client leaves unanswered.
    for (let count = 0; count < 3; count++) {
      void test.cache.get(test.key, { timeout: "1h" }).catch(() => {});
      await turnOfLoop();
      await turnOfLoop();
    }
    const written = test.cache.set(test.key, "new", { timeout: 500 });
    const refused = expect(written).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    for (let count = 0; count < 3; count++) await test.passDeadline(500);
    await refused;
    expect(test.stateOf("node-0")).toMatchObject({ breaker: "open", failures: 1 });
    expect(test.first.operations).toHaveLength(4);
  });

  it("is not given up for a few short deadlines, nor for those that an answer came between", async () => {
    await using test = await startSilent();
    for (let count = 0; count < 20; count++) await test.passDeadline(50);
    expect(test.stateOf("node-0")?.breaker).toBe("closed");
    test.first.hangs = false;
    for (const _ of [1, 2, 3]) test.first.send([]);
    await test.cache.get(test.key);
    test.first.hangs = true;
    for (let count = 0; count < 2; count++) await test.passDeadline(600);
    expect(test.stateOf("node-0")?.breaker).toBe("closed");
  });

  it("is sent to again as soon as it answers a hello", async () => {
    await using test = await startSilent();
    for (let count = 0; count < 3; count++) await test.passDeadline(500);
    test.first.hangs = false;
    await test.clock.advanceAsync(50);
    expect(await test.cache.get(test.key)).toBe("v");
    expect(test.stateOf("node-0")?.breaker).toBe("closed");
    expect(test.client.clientStats().connections).toEqual({ opened: 3, reopened: 1, failed: 1 });
  });
});

describe("Who does not wait for an owner", () => {
  it("fails at once while its owner cannot be reached and no other node is there", async () => {
    await using test = await startConnected({}, { waitForReady: false });
    await test.cache.get("a");
    test.node.stop();
    const startedAtMs = performance.now();
    for (let count = 0; count < 20; count++) {
      await expect(test.cache.get("a", { timeout: "20s" })).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringContaining(`connection to node node-0 at ${test.node.address}`),
      });
    }
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  it("does not wait for a probe either, as others do", async () => {
    const clock = new FakeClock();
    await using test = await startConnected({}, { clock });
    test.node.answersHellos = false;
    const patient = test.cache.set("a", "v", { timeout: "1h" });
    await expect.poll(() => test.node.pipesOpened).toBe(1);
    test.node.dropPipes();
    await expect.poll(() => test.client.clientStats().nodes[0]?.breaker).toBe("open");
    await clock.advanceAsync(1_000);
    await expect.poll(() => test.client.clientStats().nodes[0]?.breaker).toBe("half-open");
    const hasty = test.cache.get("a", { waitForReady: false });
    const failed = expect(hasty).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await clock.advanceAsync(10);
    await failed;
    test.node.introduce();
    expect((await patient).version).toBeGreaterThan(0);
  });

  it("fails where the partition has no owner, or the owner does not serve yet", async () => {
    await using test = await startConnected();
    const options = { timeout: "20s", waitForReady: false } as const;
    test.node.intercept = () => ({ code: "UNAVAILABLE", message: "taking over" });
    await expect(test.cache.get("a", options)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "taking over",
    });
    test.node.intercept = () => ({ code: "NOT_OWNER", notOwner: { epoch: 1, nodeId: "" } });
    await expect(test.cache.get("a", options)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      cause: { code: "NOT_OWNER" },
    });
    test.fake.publish((topology) => ({
      ...topology,
      partitions: topology.partitions.map((partition) => ({ ...partition, owner: undefined })),
    }));
    await expect.poll(() => test.client.locate("a").owner).toBeUndefined();
    await expect(test.cache.update("a", () => "v", options)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "the key's partition has no owner",
    });
  });

  it("is tried once more after a connection that broke, and again when a node is overloaded", async () => {
    await using test = await startConnected({}, { waitForReady: false });
    await test.cache.set("a", "v");
    const answers = ["drop", undefined] as const;
    let asked = 0;
    test.node.intercept = () => answers[asked++];
    const read = await Promise.allSettled([test.cache.get("a")]);
    // The second try may find that the breaker is still open.
    expect(["fulfilled", "rejected"]).toContain(read[0]?.status);
    const overloaded = { code: "OVERLOADED", message: "later" } as const;
    let refusals = 0;
    test.node.intercept = () => (refusals++ < 3 ? overloaded : undefined);
    await expect.poll(() => test.cache.get("a").catch(() => undefined)).toBe("v");
    expect(refusals).toBe(4);
  });
});
