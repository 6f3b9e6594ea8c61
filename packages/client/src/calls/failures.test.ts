import { getEventListeners } from "node:events";
import { CacheError, type CacheErrorCode } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
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

/** Resolves when the one operation has failed and waits: its deadline and its wait are timers. */
async function untilWaiting(clock: FakeClock) {
  await expect.poll(() => clock.pendingTimers, { interval: 2 }).toBe(2);
}

describe("When a node refuses for the moment", () => {
  it.each(["OVERLOADED", "UNAVAILABLE"] as const)("tries again after %s", async (code) => {
    await using test = await startConnected();
    let refusals = 0;
    test.node.intercept = () => {
      refusals += 1;
      return refusals <= 2 ? { code, message: "later" } : undefined;
    };
    await test.cache.set("a", "v");
    expect(refusals).toBe(3);
  });

  it("ends at the deadline with what it last heard, and nothing written", async () => {
    await using test = await startConnected();
    test.node.intercept = () => ({ code: "OVERLOADED", message: "the queue is full" });
    const error = await errorOf(test.cache.set("a", "v", { timeout: 500 }));
    expect(error).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message:
        "no answer within 500 ms; an attempt before was answered OVERLOADED: the queue is full",
      cause: coded("OVERLOADED"),
    });
  });

  it("is not asked for a write again when no answer could come in time", async () => {
    const clock = new FakeClock();
    await using test = await startConnected({}, { clock });
    test.node.intercept = () => ({ code: "OVERLOADED", message: "later" });
    const failed = errorOf(test.cache.set("a", "v", { timeout: 20 }));
    await received(test.node, 1);
    await untilWaiting(clock);
    await clock.advanceAsync(19);
    await clock.advanceAsync(1);
    expect(await failed).toMatchObject({ code: "DEADLINE_EXCEEDED", cause: coded("OVERLOADED") });
    expect(test.node.operations).toHaveLength(1);
  });

  it.each(["READ_ONLY", "UNKNOWN_CACHE", "INTERNAL", "VALUE_TOO_LARGE"] as const)(
    "does not try again after %s",
    async (code) => {
      await using test = await startConnected();
      test.node.intercept = () => ({ code, message: "no" });
      await expect(test.cache.set("a", "v")).rejects.toThrowError(coded(code));
      expect(test.node.operations).toHaveLength(1);
    },
  );

  it("never sends a write again whose outcome the node does not know", async () => {
    await using test = await startConnected();
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
    await using test = await startConnected({}, { clock });
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
    await using test = await startConnected({}, { clock });
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
    await using test = await startConnected({}, { clock });
    test.node.answersHellos = false;
    const write = errorOf(test.cache.set("a", "v", { timeout: 50 }));
    await expect.poll(() => test.node.pipesOpened).toBe(1);
    clock.advance(50);
    expect((await write).code).toBe("DEADLINE_EXCEEDED");
    // Nor does it happen later, when the connection comes about.
    test.node.introduce();
    await test.cache.get("a");
    expect(test.node.operations.map(({ kind }) => kind)).toEqual(["GET"]);
  });

  it("an answer that comes too late is ignored, and the pipe goes on", async () => {
    const clock = new FakeClock();
    await using test = await startConnected({}, { clock });
    test.node.intercept = () => "silence";
    const read = errorOf(test.cache.get("a", { timeout: 50 }));
    await received(test.node, 1);
    clock.advance(50);
    await read;
    const late = test.node.operations[0]?.id ?? 0;
    test.node.send([{ id: late, code: "OK", term: 1 }]);
    test.node.intercept = () => undefined;
    expect(await test.cache.get("a")).toBeUndefined();
    expect(test.node.pipesOpened).toBe(1);
  });

  it("one slow operation does not hold up those that come after it", async () => {
    await using test = await startConnected();
    test.node.intercept = ({ key }) => (key.toString() === "slow" ? "silence" : undefined);
    const slow = test.cache.get("slow");
    await received(test.node, 1);
    for (let count = 0; count < 20; count++) await test.cache.get("fast");
    const { id = 0 } = test.node.operations[0] ?? {};
    test.node.send([{ id, code: "OK", term: 1 }]);
    expect(await slow).toBeUndefined();
  });
});

describe("When the caller gives up", () => {
  it("nothing is sent for a signal that has aborted before", async () => {
    await using test = await startConnected();
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    const { cache } = test;
    const never = () => expect.unreachable();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => cache.get("a", { signal }),
      () => cache.getWithMeta("a", { signal }),
      () => cache.getMany(["a", "b"], { signal }),
      () => cache.getOrLoad("a", never, { signal }),
      () => cache.set("a", "v", { signal }),
      () => cache.delete("a", { signal }),
      () => cache.touch("a", { signal }),
      () => cache.increment("a", 1, { signal }),
      () => cache.update("a", never, { signal }),
      () => cache.clear({ signal }),
      () => cache.flush({ signal }),
      () => cache.stats({ signal }),
      () => cache.warm(["a"], { signal }),
    ];
    for (const call of calls) await expect(call()).rejects.toBe(reason);
    expect(test.node.pipesOpened).toBe(0);
    expect(test.node.unaryCalls).toBe(0);
  });

  it("a read rejects with the signal's reason", async () => {
    await using test = await startConnected();
    test.node.intercept = () => "silence";
    const controller = new AbortController();
    const read = test.cache.get("a", { signal: controller.signal });
    await received(test.node, 1);
    const reason = new Error("gone");
    controller.abort(reason);
    await expect(read).rejects.toBe(reason);
  });

  it("a write that was sent is of unknown outcome, caused by the reason", async () => {
    await using test = await startConnected();
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
    await using test = await startConnected({}, { clock });
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

describe("When calls share a signal", () => {
  it("they all end with it, and listen to it as one, as long as they wait", async () => {
    await using test = await startConnected();
    test.node.intercept = () => "silence";
    const controller = new AbortController();
    const { signal } = controller;
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const answered = keys.map((key) => test.cache.get(key, { signal, timeout: 1 }));
    await Promise.allSettled(answered);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);

    const reads = keys.map((key) => test.cache.get(key, { signal }));
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    const reason = new Error("the service ends");
    controller.abort(reason);
    for (const read of reads) await expect(read).rejects.toBe(reason);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

describe("When too much is in flight", () => {
  it("operations are refused at once, and taken again when others have ended", async () => {
    await using test = await startConnected({}, { maxInFlight: 3 });
    test.node.intercept = () => "silence";
    const reads = ["a", "b", "c"].map((key) => test.cache.get(key, { timeout: 100 }));
    await expect(test.cache.get("d")).rejects.toThrowError(coded("OVERLOADED"));
    await Promise.allSettled(reads);
    test.node.intercept = () => undefined;
    expect(await test.cache.get("d")).toBeUndefined();
    expect((await test.cache.getMany(["a", "b", "c", "d", "e"])).size).toBe(0);
  });

  it("bytes count as well", async () => {
    await using test = await startConnected({}, { maxInFlightBytes: 1_000 });
    test.node.intercept = () => "silence";
    const write = test.cache.set("a", "x".repeat(900), { timeout: 100 });
    await expect(test.cache.set("b", "x".repeat(100))).rejects.toThrowError(coded("OVERLOADED"));
    await Promise.allSettled([write]);
  });
});
