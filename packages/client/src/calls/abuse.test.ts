import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";

describe("A hundred thousand aborts on one connection", () => {
  const ROUNDS = 100;
  const PER_ROUND = 1_000;

  it("reset no stream, touch no other operation and leave nothing behind", {
    timeout: 60_000,
  }, async () => {
    const clock = new FakeClock();
    await using test = await startConnected({}, { clock });
    test.node.intercept = ({ kind }) => (kind === "GET" ? "silence" : undefined);
    const idle = test.cache.get("waits all the time");
    for (let round = 0; round < ROUNDS; round++) {
      const sent = test.node.operations.length;
      const reason = new Error(`round ${round}`);
      const controllers = Array.from({ length: PER_ROUND }, () => new AbortController());
      const aborted = controllers.map(({ signal }) => test.cache.get("a", { signal }));
      await expect.poll(() => test.node.operations.length, { interval: 1 }).toBeGreaterThan(sent);
      const other = test.cache.set("b", `v${round}`);
      for (const controller of controllers) controller.abort(reason);
      const outcomes = await Promise.allSettled(aborted);
      expect(new Set(outcomes.map((outcome) => "reason" in outcome && outcome.reason))).toEqual(
        new Set([reason]),
      );
      await other;
      test.node.batches.length = 0;
    }
    // What was never sent at all is not counted as sent, and the pipe is still the first one.
    expect(test.node).toMatchObject({ pipesOpened: 1, cancelledPipes: 0, unaryCalls: 0 });
    const { inFlight, operations, connections } = test.client.clientStats();
    expect(inFlight.operations).toBe(1);
    expect(operations.GET?.outcomes).toEqual({ ABORTED: ROUNDS * PER_ROUND });
    expect(operations.SET?.outcomes).toEqual({ OK: ROUNDS });
    expect(connections).toEqual({ opened: 1, reopened: 0, failed: 0 });
    // The deadline of the one that waits.
    expect(clock.pendingTimers).toBe(1);

    // Answers to all of them: nobody is left who would take one, but for the one that waits.
    const ids = Array.from({ length: ROUNDS * (PER_ROUND + 1) + 1 }, (_, index) => index + 1);
    const before = test.client.clientStats().replies;
    test.node.send(ids.map((id) => ({ id, code: "OK", term: 1 })));
    expect(await idle).toBeUndefined();
    const after = test.client.clientStats().replies;
    expect(after.received - before.received).toBe(ids.length);
    expect(after.unclaimed - before.unclaimed).toBe(ids.length - 1);
    expect(test.client.clientStats().inFlight).toEqual({ operations: 0, bytes: 0 });
    // It finds nobody whose time is over, and is not set again.
    clock.advance(5_000);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("When a node stops reading", () => {
  const MAX_IN_FLIGHT = 200;
  const ROUNDS = 50;

  it("operations wait within the client's bounds, and go on when it reads again", async () => {
    const clock = new FakeClock();
    const options = { clock, maxInFlight: MAX_IN_FLIGHT, compression: false } as const;
    await using test = await startConnected({}, options);
    await test.cache.set("first", "v");
    test.node.stopReading();
    // Of 2 MB in each round the transport takes what its windows have room for, and no more.
    const value = "x".repeat(10_000);
    for (let round = 0; round < ROUNDS; round++) {
      const keys = Array.from({ length: MAX_IN_FLIGHT }, (_, index) => `key-${index}`);
      const writes = Promise.allSettled(keys.map((key) => test.cache.set(key, value)));
      await expect(test.cache.get("one more")).rejects.toMatchObject({ code: "OVERLOADED" });
      expect(test.client.clientStats().inFlight.operations).toBe(MAX_IN_FLIGHT);
      await new Promise(setImmediate);
      await clock.advanceAsync(5_000);
      for (const outcome of await writes) {
        const code = "reason" in outcome && outcome.reason.code;
        expect(["DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN"]).toContain(code);
      }
    }
    const { inFlight, batches } = test.client.clientStats();
    expect(inFlight).toEqual({ operations: 0, bytes: 0 });
    expect(batches.operations).toBeLessThan((ROUNDS * MAX_IN_FLIGHT) / 5);

    test.node.readOn();
    const written = test.cache.set("last", "v", { timeout: "1h" });
    // It may have been given up for its silence meanwhile; then it is tried again in time.
    await expect
      .poll(async () => {
        await clock.advanceAsync(100);
        return test.fake.store.entry("products", "last");
      })
      .toBeDefined();
    await written;
  });
});

describe("When a node answers garbage", () => {
  it("the connection ends, what waited there fails typed, and nobody else is harmed", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    second.intercept = () => "silence";
    const other = test.cache.get(test.fake.keyOf(second));
    await expect.poll(() => second.operations.length).toBe(1);
    first.answersGarbage = true;
    const key = test.fake.keyOf(first);
    await expect(test.cache.set(key, "v")).rejects.toMatchObject({
      code: "OUTCOME_UNKNOWN",
      cause: { code: "INTERNAL" },
    });
    first.answersGarbage = false;
    expect(await test.cache.get(key)).toBe("v");
    expect(first.pipesOpened).toBe(2);
    second.send([{ id: 1, code: "OK", term: 1 }]);
    expect(await other).toBeUndefined();
    expect(second.pipesOpened).toBe(1);
  });

  it("a node that greets well and then answers nothing else is tried less and less", async () => {
    await using test = await startConnected();
    test.node.answersGarbage = true;
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    const reads = keys.map((key) => test.cache.get(key, { timeout: 1_000 }));
    for (const outcome of await Promise.allSettled(reads)) {
      expect(outcome).toMatchObject({
        reason: { code: "DEADLINE_EXCEEDED", cause: { code: "UNAVAILABLE" } },
      });
    }
    // Waits of at least 25, 50, 100, 200 and 400 ms fit into the time.
    expect(test.node.pipesOpened).toBeGreaterThanOrEqual(3);
    expect(test.node.pipesOpened).toBeLessThanOrEqual(7);
  });
});
