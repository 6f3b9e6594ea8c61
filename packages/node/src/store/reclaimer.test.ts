import type { Clock } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { MemoryBudget } from "./memory-budget.js";
import { Reclaimer } from "./reclaimer.js";
import { Store } from "./store.js";

/** A FakeClock on which work takes time: each look at the monotonic time costs `lookMs`. */
class WorkClock implements Clock {
  readonly #clock: FakeClock;
  readonly #lookMs: number;
  #workedMs = 0;
  /** How long each callback of a timer took. */
  readonly slicesMs: number[] = [];

  constructor(clock: FakeClock, lookMs: number) {
    this.#clock = clock;
    this.#lookMs = lookMs;
  }

  now(): number {
    return this.#clock.now();
  }

  systemNow(): number {
    return this.now();
  }

  monotonic(): number {
    this.#workedMs += this.#lookMs;
    return this.#clock.monotonic() + this.#workedMs;
  }

  after(delayMs: number, callback: () => void) {
    return this.#clock.after(delayMs, () => {
      const startMs = this.#workedMs;
      callback();
      this.slicesMs.push(this.#workedMs - startMs);
    });
  }
}

const OPTIONS = { policy: "lru", placement: { partitions: 2, hashSeed: 1 } } as const;

function createStores(lookMs: number, count = 1) {
  const fakeClock = new FakeClock();
  const clock = new WorkClock(fakeClock, lookMs);
  const budget = new MemoryBudget(2 ** 30);
  const stores = Array.from({ length: count }, () => new Store({ ...OPTIONS, budget, clock }));
  const reclaimer = new Reclaimer(clock, () => stores);
  const fill = (store: Store | undefined, entries: number, expiresAtMs: number) => {
    for (let number = 0; number < entries; number++) {
      const key = `key-${number}`;
      const entry = { key, value: undefined, encoding: 0, version: 1, pinned: false };
      store?.put({ ...entry, expiresAtMs });
    }
  };
  return { fakeClock, clock, budget, stores, reclaimer, fill };
}

describe("Reclaimer", () => {
  it("has the memory of unread entries back within a second of their expiry", async () => {
    const { fakeClock, budget, stores, reclaimer, fill } = createStores(0, 2);
    await reclaimer.start();
    fill(stores[0], 100, 5_000);
    fill(stores[1], 100, 7_000);
    fakeClock.advance(4_999);
    expect(stores.map(({ counts }) => counts.entries)).toEqual([100, 100]);
    fakeClock.advance(1_000);
    expect(stores.map(({ counts }) => counts.entries)).toEqual([0, 100]);
    fakeClock.advance(2_000);
    expect(stores.map(({ counts }) => counts.expirations)).toEqual([100, 100]);
    expect(budget.pages.inUse).toBe(0);
    await reclaimer.stop();
  });

  it("works in slices of about a millisecond when much expires at once", async () => {
    const { fakeClock, clock, stores, reclaimer, fill } = createStores(0.1);
    await reclaimer.start();
    fill(stores[0], 10_000, 1_000);
    fakeClock.advance(2_000);
    expect(stores[0]?.counts.entries).toBe(0);
    expect(clock.slicesMs.length).toBeGreaterThan(10);
    expect(Math.max(...clock.slicesMs)).toBeLessThan(1.5);
    await reclaimer.stop();
  });

  it("visits every store even if the first always has more to do than a slice holds", async () => {
    const { fakeClock, stores, reclaimer, fill } = createStores(1, 3);
    await reclaimer.start();
    fill(stores[0], 100_000, 1_000);
    fill(stores[1], 10, 1_000);
    fill(stores[2], 10, 1_000);
    fakeClock.advance(1_250);
    expect(stores[0]?.counts.entries).toBeGreaterThan(0);
    expect(stores.slice(1).map(({ counts }) => counts.entries)).toEqual([0, 0]);
    await reclaimer.stop();
  });

  it("leaves no timer behind when it is stopped, even before it was started", async () => {
    const { fakeClock, reclaimer } = createStores(0);
    await reclaimer.stop();
    const other = createStores(0);
    await other.reclaimer.start();
    other.fakeClock.advance(1_000);
    await other.reclaimer.stop();
    expect([fakeClock.pendingTimers, other.fakeClock.pendingTimers]).toEqual([0, 0]);
  });
});
