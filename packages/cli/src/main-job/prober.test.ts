import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { type ProbedCache, Prober } from "./prober.js";

/** Answers a key as the test says: after a time, or with a failure after it. */
class SlowCache implements ProbedCache {
  readonly #clock: FakeClock;
  answerMs = 1;
  isFailing = false;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const isFailing = this.isFailing;
      this.#clock.after(this.answerMs, () => {
        if (isFailing) reject(new Error("out of reach"));
        else resolve("value");
      });
    });
  }
}

function open() {
  const clock = new FakeClock();
  const cache = new SlowCache(clock);
  const prober = new Prober(cache, { keys: ["a"], clock, paceMs: 10 });
  /** Ends the prober; the clock must go on for the read under way to end. */
  const stop = async () => {
    const stopped = prober.stop();
    await clock.advanceAsync(1_000, 1_000);
    return stopped;
  };
  return { clock, cache, prober, stop };
}

describe("Prober", () => {
  it("tells the longest time that a read took", async () => {
    const { cache, clock, stop } = open();
    await clock.advanceAsync(50, 50);
    cache.answerMs = 300;
    await clock.advanceAsync(400, 400);
    cache.answerMs = 1;
    expect(await stop()).toEqual({ longestMs: 300, failures: 0 });
  });

  it("counts from the first read that failed until the key is there again", async () => {
    const { cache, clock, stop } = open();
    cache.answerMs = 100;
    cache.isFailing = true;
    // The first read was sent before and takes 1 ms; the next is sent at 11 ms and fails.
    await clock.advanceAsync(50, 50);
    cache.isFailing = false;
    // Fails at 111 ms; asked again at 121 ms; there at 221 ms.
    await clock.advanceAsync(190, 190);
    cache.answerMs = 1;
    expect(await stop()).toEqual({ longestMs: 210, failures: 1 });
  });

  it("forgets what was before", async () => {
    const { cache, clock, prober, stop } = open();
    cache.answerMs = 300;
    await clock.advanceAsync(400, 400);
    cache.answerMs = 1;
    await clock.advanceAsync(300, 300);
    prober.reset();
    await clock.advanceAsync(50, 50);
    expect((await stop()).longestMs).toBe(1);
  });
});
