/**
 * Stand-ins for time and chance, for tests of every package. Not part of the `.` entry point.
 */
import type { CancelTimer, Clock } from "./clock.js";
import type { Random } from "./random.js";

/** A clock that stands still until a test advances it. Starts at `startMs`, 0 by default. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #timers = new Map<() => void, number>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const run = () => callback();
    this.#timers.set(run, this.#nowMs + delayMs);
    return () => this.#timers.delete(run);
  }

  /** How many timers are waiting. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time forward and runs every timer that falls due, earliest first. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(([, dueAtMs]) => dueAtMs <= endMs)
        .sort(([, a], [, b]) => a - b);
      if (next === undefined) break;
      const [run, dueAtMs] = next;
      this.#timers.delete(run);
      this.#nowMs = Math.max(this.#nowMs, dueAtMs);
      run();
    }
    this.#nowMs = endMs;
  }

  /** As `advance`, but lets promises settle after each of `steps` equal steps. */
  async advanceAsync(ms: number, steps = 10): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.advance(ms / steps);
      await settle();
    }
  }
}

/** Lets everything that is already resolved run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * A repeatable source of chance (mulberry32, T. Ettinger). The same seed gives the same numbers
 * on every machine.
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

/** The seed of a random test: `HOLDFAST_TEST_SEED` where set, else a new one. Print it. */
export function testSeed(): number {
  const given = process.env.HOLDFAST_TEST_SEED;
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}
