import { CacheError } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { costOf } from "./cost.js";
import type { NewEntry } from "./entry.js";
import { MemoryBudget } from "./memory-budget.js";
import { Store, type StoreOptions } from "./store.js";

const VALUE = new Uint8Array([1, 2, 3]);
/** What an entry with a one-letter key and VALUE costs. */
const COST = costOf("a", VALUE);
const PARTITION = 5;

function createStore(options: Partial<StoreOptions> & { capacityBytes?: number } = {}) {
  const { capacityBytes = 1_000_000, ...rest } = options;
  const clock = new FakeClock(1_000_000);
  const budget = options.budget ?? new MemoryBudget(capacityBytes);
  const store = new Store({ budget, policy: "lru", clock, ...rest });
  const put = (key: string, change: Partial<NewEntry> = {}) =>
    store.put({
      key,
      partition: PARTITION,
      value: VALUE,
      encoding: 1,
      version: 7,
      expiresAtMs: Number.POSITIVE_INFINITY,
      pinned: false,
      ...change,
    });
  const keys = () => [...store.entriesOf(PARTITION)].map(({ key }) => key).toSorted();
  return { store, budget, clock, put, keys };
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CacheError) return error.code;
    throw error;
  }
}

describe("Store", () => {
  it("returns what was put, with the instant and the cost", () => {
    const { store, clock, put } = createStore();
    put("a", { expiresAtMs: clock.now() + 50 });
    expect(store.get("a", PARTITION)).toMatchObject({
      key: "a",
      partition: PARTITION,
      value: Buffer.from(VALUE),
      encoding: 1,
      version: 7,
      writtenAtMs: 1_000_000,
      expiresAtMs: 1_000_050,
      pinned: false,
      costBytes: COST,
    });
    expect(store.get("a", PARTITION + 1)).toBeUndefined();
    expect(store.get("b", PARTITION)).toBeUndefined();
  });

  it("keeps a negative entry as an entry without a value", () => {
    const { store, put } = createStore();
    put("a", { value: undefined });
    expect(store.get("a", PARTITION)).toMatchObject({ value: undefined, version: 7 });
  });

  it("keeps the bytes as they were put when the message they came in is overwritten", () => {
    const { store, put } = createStore();
    const message = Buffer.alloc(400, 1);
    put("a", { value: message.subarray(100, 300) });
    message.fill(2);
    expect(store.get("a", PARTITION)?.value).toEqual(Buffer.alloc(200, 1));
  });

  it("has nothing under a key once the end of its lifetime is reached", () => {
    const { store, budget, clock, put } = createStore();
    put("a", { expiresAtMs: clock.now() + 50 });
    clock.advance(49);
    expect(store.get("a", PARTITION)).toBeDefined();
    clock.advance(1);
    expect([...store.entriesOf(PARTITION)]).toEqual([]);
    expect(store.get("a", PARTITION)).toBeUndefined();
    expect(store.counts).toMatchObject({ entries: 0, bytes: 0, expirations: 1, evictions: 0 });
    expect(budget.usedBytes).toBe(0);
  });

  it("does not bring an expired entry back to life", () => {
    const { store, clock, put } = createStore();
    const entry = put("a", { expiresAtMs: clock.now() + 50 });
    clock.advance(50);
    store.setExpiry(entry, clock.now() + 1_000);
    expect(store.peek("a", PARTITION)).toBeUndefined();
    expect(store.remove("a", PARTITION)).toBeUndefined();
  });

  it("moves the expiry of an entry, both ways", () => {
    const { store, clock, put } = createStore();
    const [a, b] = [put("a", { expiresAtMs: clock.now() + 50 }), put("b")];
    store.setExpiry(a, clock.now() + 100);
    store.setExpiry(b, clock.now() + 60);
    clock.advance(60);
    expect(store.get("a", PARTITION)).toBe(a);
    expect(store.get("b", PARTITION)).toBeUndefined();
  });

  it("gives up what its policy chooses when a bound is reached", () => {
    for (const bound of [{ maxBytes: 2 * COST }, { maxEntries: 2 }, { capacityBytes: 2 * COST }]) {
      const { store, put, keys } = createStore(bound);
      put("a");
      put("b");
      store.get("a", PARTITION);
      put("c");
      expect(keys()).toEqual(["a", "c"]);
      expect(store.counts).toMatchObject({ entries: 2, bytes: 2 * COST, evictions: 1 });
    }
  });

  it("does not count a peek as a use", () => {
    const { store, put, keys } = createStore({ maxEntries: 2 });
    put("a");
    put("b");
    store.peek("a", PARTITION);
    put("c");
    expect(keys()).toEqual(["b", "c"]);
  });

  it("never evicts an entry to make room for its own new value", () => {
    const { put, keys, store } = createStore({ policy: "fifo", maxBytes: 3 * COST });
    for (const key of ["a", "b", "c"]) put(key);
    put("a", { value: new Uint8Array(VALUE.length + 1) });
    expect(keys()).toEqual(["a", "c"]);
    expect(store.get("a", PARTITION)?.value).toHaveLength(VALUE.length + 1);
  });

  it("writes a replaced value into the same entry, and a new entry after a removal", () => {
    const { store, put } = createStore();
    const first = put("a");
    expect(put("a", { version: 8, pinned: true })).toBe(first);
    expect(first).toMatchObject({ version: 8, pinned: true });
    expect(store.remove("a", PARTITION)).toBe(first);
    expect(put("a", { version: 9 })).not.toBe(first);
    expect(first.version).toBe(8);
  });

  it("refuses an entry that alone exceeds a bound, and changes nothing", () => {
    for (const bound of [{ maxBytes: 2 * COST }, { capacityBytes: 2 * COST }]) {
      const { put, keys, store } = createStore(bound);
      put("a");
      put("b");
      const value = new Uint8Array(2 * COST);
      expect(codeOf(() => put("a", { value }))).toBe("VALUE_TOO_LARGE");
      expect(codeOf(() => put("c", { value }))).toBe("VALUE_TOO_LARGE");
      expect(keys()).toEqual(["a", "b"]);
      expect(store.get("a", PARTITION)?.value).toEqual(Buffer.from(VALUE));
    }
  });
});

describe("Store with pinned entries", () => {
  it("neither evicts nor expires them", () => {
    const { store, clock, put, keys } = createStore({ maxEntries: 2 });
    put("a", { pinned: true, expiresAtMs: clock.now() + 50 });
    for (const key of ["b", "c", "d"]) put(key);
    clock.advance(1_000_000);
    expect(store.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
    expect(keys()).toEqual(["a", "d"]);
    expect(store.get("a", PARTITION)).toBeDefined();
    expect(store.counts).toMatchObject({ pinnedEntries: 1, pinnedBytes: COST });
  });

  it("refuses an entry when only they are left to evict, and changes nothing", () => {
    for (const bound of [{ maxBytes: 3 * COST }, { maxEntries: 3 }, { capacityBytes: 3 * COST }]) {
      const { put, keys, store } = createStore(bound);
      put("a", { pinned: true });
      put("b", { pinned: true });
      put("c");
      put("c", { pinned: true });
      expect(codeOf(() => put("d"))).toBe("OVERLOADED");
      expect(keys()).toEqual(["a", "b", "c"]);
      expect(store.counts.evictions).toBe(0);
    }
  });

  it("replaces a pinned entry in place although nothing else could be evicted", () => {
    const { put, store } = createStore({ maxBytes: 2 * COST });
    put("a", { pinned: true });
    put("b", { pinned: true });
    expect(put("b", { version: 8, pinned: true }).version).toBe(8);
    expect(store.counts).toMatchObject({ pinnedEntries: 2, pinnedBytes: 2 * COST });
  });

  it("evicts an entry again once it is unpinned", () => {
    const { store, put, keys } = createStore({ maxEntries: 2 });
    const a = put("a", { pinned: true });
    put("b", { pinned: true });
    store.unpin(a);
    put("c");
    expect(keys()).toEqual(["b", "c"]);
    expect(store.counts).toMatchObject({ pinnedEntries: 1, pinnedBytes: COST });
  });

  it("removes an entry that expired while pinned as soon as it is unpinned", () => {
    const { store, clock, put } = createStore();
    const a = put("a", { pinned: true, expiresAtMs: clock.now() + 50 });
    clock.advance(50);
    store.unpin(a);
    expect(store.counts).toMatchObject({ entries: 0, bytes: 0, expirations: 1 });
  });

  it("keeps so many of those that the database refuses, and lets the oldest go", () => {
    const { store, put, keys } = createStore({ maxEntries: 5 });
    const bounds = { maxEntries: 2, maxBytes: 10 * COST };
    for (const key of ["b", "a", "c"]) store.keepUnpersisted(put(key, { pinned: true }), bounds);
    for (const key of ["x", "y", "z", "last"]) put(key);
    expect(keys()).toEqual(["a", "c", "last", "y", "z"]);
    const { unpersistedEntries, unpersistedBytes, pinnedBytes } = store.counts;
    expect([unpersistedEntries, unpersistedBytes, pinnedBytes]).toEqual([2, 2 * COST, 2 * COST]);
    const d = put("d", { pinned: true });
    store.keepUnpersisted(d, { maxEntries: 10, maxBytes: 2 * COST });
    expect(keys()).toContain("d");
    expect(keys()).not.toContain("a");
    expect(store.counts.unpersistedEntries).toBe(2);
  });

  it("lets those go when their time is over, or all that is not dirty is cleared", () => {
    const { store, clock, put, keys } = createStore();
    const bounds = { maxEntries: 10, maxBytes: 10 * COST };
    const a = put("a", { pinned: true, expiresAtMs: clock.now() + 50 });
    store.keepUnpersisted(a, bounds);
    store.keepUnpersisted(put("b", { pinned: true }), bounds);
    put("dirty", { pinned: true });
    clock.advance(10_000);
    expect(store.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
    expect(store.counts).toMatchObject({ entries: 2, expirations: 1, unpersistedEntries: 1 });
    store.clear();
    expect(keys()).toEqual(["dirty"]);
    expect(store.counts).toMatchObject({ pinnedEntries: 1, unpersistedEntries: 0 });
  });

  it("leaves a newer entry of the key alone when an old one is unpinned", () => {
    const { store, put } = createStore();
    const old = put("a", { pinned: true });
    store.remove("a", PARTITION);
    put("a", { pinned: true });
    store.unpin(old);
    store.setExpiry(old, 0);
    expect(store.counts).toMatchObject({ entries: 1, pinnedEntries: 1 });
  });

  it("keeps them when it is cleared, and drops them with their partition", () => {
    const { store, put, keys } = createStore();
    put("a", { pinned: true });
    for (const key of ["b", "c"]) put(key);
    put("elsewhere", { partition: PARTITION + 1 });
    expect(store.clear()).toBe(3);
    expect(keys()).toEqual(["a"]);
    expect(store.dropPartition(PARTITION)).toBe(1);
    expect(store.dropPartition(PARTITION)).toBe(0);
    expect(store.counts).toMatchObject({ entries: 0, bytes: 0, pinnedEntries: 0, pinnedBytes: 0 });
  });
});

describe("Store that is asked for its pinned entries", () => {
  it("names them in every partition, expired ones too, and no other", () => {
    const { store, clock, put } = createStore();
    const pinned = [
      put("a", { pinned: true, expiresAtMs: clock.now() + 50 }),
      put("a", { pinned: true, partition: PARTITION + 1 }),
    ];
    put("b");
    store.unpin(put("c", { pinned: true }));
    clock.advance(50);
    expect([...store.pinnedEntries()]).toEqual(pinned);
  });
});

describe("Store that is closed", () => {
  it("gives its memory back, misses every read and refuses writes", () => {
    const { store, budget, put } = createStore();
    put("a");
    put("b", { pinned: true });
    store.close();
    store.close();
    expect([budget.usedBytes, budget.pinnedBytes]).toEqual([0, 0]);
    expect(store.get("a", PARTITION)).toBeUndefined();
    expect(store.hasRoomFor(1)).toBe(false);
    expect(codeOf(() => put("a"))).toBe("CLOSED");
  });
});
