import { describe, expect, it } from "vitest";
import { retry } from "./retry.js";
import { FakeClock, settle } from "./testing.js";

function failing(times: number) {
  let attempts = 0;
  return {
    get attempts() {
      return attempts;
    },
    action: async () => {
      attempts += 1;
      if (attempts <= times) throw new Error(`failure ${attempts}`);
      return "done";
    },
  };
}

describe("retry", () => {
  it("resolves with the first success, and tries no more", async () => {
    const clock = new FakeClock();
    const work = failing(2);
    const result = retry(work.action, { forMs: 1_000, pauseMs: 100, clock });
    await settle();
    await clock.advanceAsync(200, 4);
    await expect(result).resolves.toBe("done");
    await clock.advanceAsync(1_000, 10);
    expect(work.attempts).toBe(3);
  });

  it("gives up with the last failure when time is up", async () => {
    const clock = new FakeClock();
    const work = failing(100);
    const result = retry(work.action, { forMs: 1_000, pauseMs: 100, clock });
    const rejected = expect(result).rejects.toThrow("failure 11");
    await settle();
    await clock.advanceAsync(1_000, 20);
    await rejected;
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends with the signal", async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const { signal } = abort;
    const result = retry(failing(100).action, { forMs: 1_000, pauseMs: 100, clock, signal });
    const rejected = expect(result).rejects.toThrow("stopping");
    await settle();
    abort.abort(new Error("stopping"));
    await rejected;
    expect(clock.pendingTimers).toBe(0);
  });
});
