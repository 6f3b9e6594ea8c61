import { describe, expect, it, vi } from "vitest";
import { delay, systemClock } from "./clock.js";
import { FakeClock, settle } from "./testing.js";

describe("delay", () => {
  it("resolves when its time has passed, not before", async () => {
    const clock = new FakeClock();
    let done = false;
    const waiting = delay(clock, 100).then(() => {
      done = true;
    });
    clock.advance(99);
    await settle();
    expect(done).toBe(false);
    clock.advance(1);
    await waiting;
    expect(done).toBe(true);
  });

  it("rejects with the signal's reason and leaves no timer behind", async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const reason = new Error("enough");
    const waiting = delay(clock, 100, abort.signal);
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });

  it("rejects at once when the signal has aborted before", async () => {
    const clock = new FakeClock();
    const reason = new Error("too late");
    await expect(delay(clock, 100, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
  });

  it("ignores an abort that comes after its time", async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const waiting = delay(clock, 10, abort.signal);
    clock.advance(10);
    abort.abort(new Error("late"));
    await expect(waiting).resolves.toBeUndefined();
  });
});

describe("systemClock", () => {
  it("never goes back and runs a timer no earlier than asked", async () => {
    const startMs = systemClock.monotonic();
    await delay(systemClock, 20);
    // libuv rounds a timer's start down to the millisecond.
    expect(systemClock.monotonic() - startMs).toBeGreaterThanOrEqual(19);
  });

  it("does not call back after being cancelled", async () => {
    let calls = 0;
    const cancel = systemClock.after(1, () => calls++);
    cancel();
    await delay(systemClock, 10);
    cancel();
    expect(calls).toBe(0);
  });

  it("tells the wall clock's time in whole milliseconds", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
    expect(Number.isInteger(systemClock.now())).toBe(true);
  });

  it("does not follow the system's wall clock when that is set", () => {
    const before = systemClock.now();
    const spy = vi.spyOn(Date, "now").mockReturnValue(before - 3_600_000);
    try {
      expect(systemClock.systemNow()).toBe(before - 3_600_000);
      expect(systemClock.now()).toBeGreaterThanOrEqual(before);
      expect(systemClock.now()).toBeLessThan(before + 60_000);
    } finally {
      spy.mockRestore();
    }
  });
});
