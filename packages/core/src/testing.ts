/**
 * Stand-ins for time and chance, for tests of every package. Not part of the `.` entry point.
 */
import type { CancelTimer, Clock } from "./clock.js";
import type { Random } from "./random.js";

interface PendingTimer {
  readonly dueAtMs: number;
  readonly callback: () => void;
}

/** Time that passes only when a test says so. Both times start at `startMs`, by default 0. */
export class FakeClock implements Clock {
  #timeMs: number;
  /** In the order in which they are due; those due together in the order in which they were set. */
  #pending: PendingTimer[] = [];

  constructor(startMs = 0) {
    this.#timeMs = startMs;
  }

  now(): number {
    return this.#timeMs;
  }

  systemNow(): number {
    return this.#timeMs;
  }

  monotonic(): number {
    return this.#timeMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const timer = { dueAtMs: this.#timeMs + delayMs, callback };
    const place = this.#pending.findIndex(({ dueAtMs }) => dueAtMs > timer.dueAtMs);
    this.#pending.splice(place === -1 ? this.#pending.length : place, 0, timer);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== timer);
    };
  }

  get pendingTimers(): number {
    return this.#pending.length;
  }

  /** Lets time pass, running the timers on the way, those included that they set. */
  advance(ms: number): void {
    const untilMs = this.#timeMs + ms;
    for (;;) {
      const [next] = this.#pending;
      if (next === undefined || next.dueAtMs > untilMs) break;
      this.#pending.shift();
      this.#timeMs = Math.max(this.#timeMs, next.dueAtMs);
      next.callback();
    }
    this.#timeMs = untilMs;
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
