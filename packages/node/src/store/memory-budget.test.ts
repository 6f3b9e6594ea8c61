import { CacheError } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { costOf } from "./cost.js";
import { MemoryBudget } from "./memory-budget.js";
import { Store } from "./store.js";

const PARTITION = 5;
/** What an entry of `createTenant` costs. */
const COST = costOf("a", undefined);

/** A store with entries of equal size. */
function createTenant(budget: MemoryBudget) {
  const store = new Store({ budget, policy: "lru", clock: new FakeClock() });
  const put = (key: string, pinned = false) =>
    store.put({
      ...{ key, partition: PARTITION, value: undefined, encoding: 0, version: 1, pinned },
      expiresAtMs: Number.POSITIVE_INFINITY,
    });
  const keys = () => [...store.entriesOf(PARTITION)].map(({ key }) => key).toSorted();
  return { store, put, keys };
}

describe("Stores that share a budget", () => {
  it("take room from the one that uses most", () => {
    const budget = new MemoryBudget(4 * COST);
    const [large, small] = [createTenant(budget), createTenant(budget)];
    for (const key of ["a", "b", "c"]) large.put(key);
    small.put("a");
    small.put("b");
    expect([large.keys(), small.keys()]).toEqual([
      ["b", "c"],
      ["a", "b"],
    ]);
    // Both have their even share now, so whoever wants more gives up an entry of its own.
    small.put("c");
    expect([large.keys(), small.keys()]).toEqual([
      ["b", "c"],
      ["b", "c"],
    ]);
    expect(budget.usedBytes).toBe(4 * COST);
  });

  it("pass over one that has only pinned entries", () => {
    const budget = new MemoryBudget(4 * COST);
    const [dirty, clean] = [createTenant(budget), createTenant(budget)];
    for (const key of ["a", "b", "c"]) dirty.put(key, true);
    clean.put("a");
    clean.put("b");
    expect(clean.keys()).toEqual(["b"]);
    clean.put("b", true);
    expect(() => clean.put("c")).toThrow(CacheError);
    expect(clean.keys()).toEqual(["b"]);
    expect(budget.pinnedBytes).toBe(budget.capacityBytes);
  });

  it("can use what a closed one gave back", () => {
    const budget = new MemoryBudget(2 * COST);
    const [closing, staying] = [createTenant(budget), createTenant(budget)];
    closing.put("a", true);
    closing.store.close();
    staying.put("a");
    expect(staying.store.hasRoomFor(COST)).toBe(true);
    staying.put("b");
    expect(staying.store.hasRoomFor(1)).toBe(false);
    expect(staying.keys()).toEqual(["a", "b"]);
  });
});

describe("MemoryBudget", () => {
  it("refuses a capacity that is not above 0", () => {
    expect(() => new MemoryBudget(0)).toThrow(RangeError);
    expect(() => new MemoryBudget(Number.NaN)).toThrow(RangeError);
  });
});
