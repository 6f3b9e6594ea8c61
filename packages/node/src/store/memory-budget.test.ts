import { CacheError } from "@holdfast/core";
import { FakeClock, seededRandom, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { MemoryBudget } from "./memory-budget.js";
import { PAGE_BYTES } from "./pages.js";
import { Store } from "./store.js";

const VALUE = new Uint8Array(4_000);
const MIB = 2 ** 20;
/** More than tables grow by with 64 entries. */
const STEP_BYTES = 16_384;
const seed = testSeed();

/** A store with entries of equal size. */
function createTenant(budget: MemoryBudget) {
  const placement = { partitions: 2, hashSeed: 1 };
  const store = new Store({ budget, policy: "lru", clock: new FakeClock(), placement });
  let written = 0;
  const put = (count: number, pinned = false) => {
    for (let number = 0; number < count; number++) {
      const entry = { key: `key-${written++}`, value: VALUE, encoding: 0, version: 1, pinned };
      store.put({ ...entry, expiresAtMs: Number.POSITIVE_INFINITY });
    }
  };
  /** Whether so many that were written last are there. */
  const isKept = (count: number) => {
    const keys = Array.from({ length: count }, (_, back) => `key-${written - 1 - back}`);
    return keys.every((key) => store.get(key) !== undefined);
  };
  return { store, put, isKept };
}

describe("Stores that share a budget", () => {
  it("take room from the one that uses most, until their shares are even", () => {
    const budget = new MemoryBudget(4 * MIB);
    const [large, small] = [createTenant(budget), createTenant(budget)];
    large.put(2_000);
    expect(budget.freeBytes).toBeGreaterThanOrEqual(0);
    expect(large.store.usedBytes).toBeGreaterThan(3.8 * MIB);
    const { evictions } = large.store.counts;
    small.put(2_000);
    expect(budget.freeBytes).toBeGreaterThanOrEqual(0);
    expect(large.store.counts.evictions).toBeGreaterThan(evictions);
    for (const { store } of [large, small]) {
      expect(store.usedBytes).toBeGreaterThan(1.8 * MIB);
      expect(store.usedBytes).toBeLessThan(2.2 * MIB);
      const { evictions: all, memoryEvictions, capacityEvictions } = store.counts;
      expect([memoryEvictions, capacityEvictions]).toEqual([all, 0]);
    }
  });

  it("pass over one that has only pinned entries", () => {
    const budget = new MemoryBudget(4 * MIB);
    const [dirty, clean] = [createTenant(budget), createTenant(budget)];
    dirty.put(700, true);
    clean.put(1_000);
    expect(dirty.store.counts.entries).toBe(700);
    expect(clean.store.counts.entries).toBeLessThan(400);
    expect(budget.freeBytes).toBeGreaterThanOrEqual(0);
    expect(() => clean.put(1_000, true)).toThrow(CacheError);
    expect(budget.pinnedBytes).toBeLessThanOrEqual(budget.capacityBytes);
  });

  it("can use what a closed one gave back", () => {
    const budget = new MemoryBudget(2 * MIB);
    const [closing, staying] = [createTenant(budget), createTenant(budget)];
    closing.put(300, true);
    staying.put(1_000);
    const before = staying.store.counts.entries;
    closing.store.close();
    expect(staying.store.hasRoomFor(VALUE.length)).toBe(true);
    staying.put(1_000);
    expect(staying.store.counts.entries).toBeGreaterThan(2 * before);
    expect(staying.store.hasRoomFor(VALUE.length)).toBe(false);
  });
});

describe("A full node whose tables grow", () => {
  it(`takes hardly more memory than it may, and keeps what it has (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const budget = new MemoryBudget(192 * MIB);
    const { store, put, isKept } = createTenant(budget);
    const keys = Array.from({ length: 48_000 }, (_, number) => `key-${number}`);
    put(keys.length);
    // What is evicted from now on lies anywhere.
    for (const key of keys.toSorted(() => random.next() - 0.5)) store.get(key);
    let mostBytes = 0;
    for (let grownBytes = 0; grownBytes < 56 * MIB; grownBytes += STEP_BYTES) {
      budget.charge(STEP_BYTES, 0);
      put(64);
      mostBytes = Math.max(mostBytes, budget.usedBytes + budget.pages.idle * PAGE_BYTES);
    }
    expect(budget.usedBytes / MIB).toBeLessThanOrEqual(192);
    // A segment, and by how much tables grow until another one is empty.
    expect(mostBytes / MIB).toBeLessThan(192 + 32 + 16);
    expect(store.counts.entries).toBeGreaterThan(20_000);
    expect(isKept(store.counts.entries)).toBe(true);
  });
});

describe("MemoryBudget", () => {
  it("refuses a capacity that is not above 0, or beyond what places reach", () => {
    expect(() => new MemoryBudget(0)).toThrow(RangeError);
    expect(() => new MemoryBudget(Number.NaN)).toThrow(RangeError);
    expect(() => new MemoryBudget(2 ** 35 + 1)).toThrow("32 GiB");
  });
});
