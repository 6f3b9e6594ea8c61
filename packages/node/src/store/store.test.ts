import { CacheError, hash32, partitionOf } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { costOf } from "./cost.js";
import type { NewEntry } from "./entry.js";
import { TICK_MS } from "./expiry.js";
import { MemoryBudget } from "./memory-budget.js";
import { END_BYTES } from "./record-layout.js";
import { Store } from "./store.js";
import type { StoreOptions } from "./store-options.js";

const VALUE = new Uint8Array([1, 2, 3]);
/** What an entry with a one-letter key and VALUE costs. */
const COST = costOf("a", VALUE);
const PLACEMENT = { partitions: 4, hashSeed: 1 };
const START_MS = 1_000_000;

function createStore(options: Partial<StoreOptions> = {}) {
  const clock = new FakeClock(START_MS);
  const budget = options.budget ?? new MemoryBudget(2 ** 20);
  const required = { budget, policy: "lru", clock, placement: PLACEMENT } as const;
  const store = new Store({ ...required, ...options });
  const put = (key: string, change: Partial<NewEntry> = {}) =>
    store.put({
      key,
      value: VALUE,
      encoding: 1,
      version: 7,
      expiresAtMs: Number.POSITIVE_INFINITY,
      pinned: false,
      ...change,
    });
  const keys = () =>
    [0, 1, 2, 3].flatMap((p) => [...store.entriesOf(p)].map(({ key }) => key)).toSorted();
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

function partition(key: string): number {
  return partitionOf(Buffer.from(key), PLACEMENT);
}

describe("Store", () => {
  it("returns what was put, with the instant and the cost", () => {
    const { store, clock, put } = createStore();
    put("a", { expiresAtMs: clock.now() + 50 });
    expect(store.get("a")).toEqual({
      partition: partition("a"),
      value: Buffer.from(VALUE),
      encoding: 1,
      version: 7,
      writtenAtMs: START_MS,
      expiresAtMs: START_MS + 50,
      pinned: false,
      unpersisted: false,
      costBytes: COST + END_BYTES,
    });
    expect(store.get("b")).toBeUndefined();
  });

  it("finds an entry by the bytes of its key, and shows where its value lies", () => {
    const { store, put } = createStore();
    put("kéy");
    const key = Buffer.from("kéy");
    expect(store.get(key)).toEqual(store.get("kéy"));
    store.sought.setPart(Buffer.from("<kéy>"), 1, 1 + key.length);
    const found = store.findSought();
    expect(found?.bytes.subarray(found.start, found.end)).toEqual(Buffer.from(VALUE));
    expect(found?.writtenAtMs(START_MS + 9)).toBe(START_MS);
    const facts = { encoding: 1, version: 7, pinned: false, costBytes: store.get(key)?.costBytes };
    expect(found).toMatchObject({ ...facts, expiresAtMs: Number.POSITIVE_INFINITY });
    store.sought.set("key");
    expect(store.findSought()).toBeUndefined();
    put("kéy", { value: undefined });
    store.sought.set(key);
    expect(store.findSought()).toBeUndefined();
  });

  it("puts an entry under the key that was sought, and knows keys of ASCII alone", () => {
    const { store } = createStore();
    const content = { value: VALUE, encoding: 1, version: 8, expiresAtMs: Infinity, pinned: false };
    store.sought.setPart(Buffer.from("<key>"), 1, 4);
    expect(store.sought.isAscii()).toBe(true);
    store.putSought(content);
    expect(store.get("key")).toMatchObject({ version: 8 });
    for (const other of ["", "kéy", "keé", "x".repeat(513)]) {
      store.sought.set(other);
      expect([other, store.sought.isAscii()]).toEqual([other, false]);
    }
    store.sought.set("");
    expect(() => store.putSought(content)).toThrowError(/0 bytes/);
  });

  it("keeps a negative entry as an entry without a value, and an empty value as one", () => {
    const { store, put } = createStore();
    put("a", { value: undefined });
    put("b", { value: new Uint8Array(0) });
    expect(store.get("a")).toMatchObject({ value: undefined, version: 7 });
    expect(store.facts("a")).toMatchObject({ isAbsence: true, version: 7 });
    expect(store.get("b")?.value).toHaveLength(0);
    expect(store.facts("b")?.isAbsence).toBe(false);
  });

  it("keeps the bytes as they were put, whatever happens to them or to the entry later", () => {
    const { store, put } = createStore();
    const message = Buffer.alloc(400, 1);
    put("a", { value: message.subarray(100, 300) });
    message.fill(2);
    const before = store.get("a");
    put("a", { value: message.subarray(100, 300), version: 8 });
    expect(before).toMatchObject({ value: Buffer.alloc(200, 1), version: 7 });
    expect(store.get("a")).toMatchObject({ value: Buffer.alloc(200, 2), version: 8 });
  });

  it("has nothing under a key once the end of its lifetime is reached", () => {
    const { store, budget, clock, put } = createStore();
    put("a", { expiresAtMs: clock.now() + 50 });
    clock.advance(49);
    expect(store.get("a")).toBeDefined();
    clock.advance(1);
    expect([...store.entriesOf(partition("a"))]).toEqual([]);
    expect(store.get("a")).toBeUndefined();
    expect(store.counts).toMatchObject({ entries: 0, bytes: 0, expirations: 1, evictions: 0 });
    expect(budget.pages.inUse).toBe(0);
  });

  it("does not bring an expired entry back to life", () => {
    const { store, clock, put } = createStore();
    put("a", { expiresAtMs: clock.now() + 50 });
    clock.advance(50);
    store.setExpiry("a", clock.now() + 1_000);
    expect(store.peek("a")).toBeUndefined();
    expect(store.remove("a")).toBe(false);
  });

  it("moves the expiry of an entry, both ways", () => {
    const { store, clock, put } = createStore();
    put("a", { expiresAtMs: clock.now() + 50 });
    put("b");
    store.setExpiry("a", clock.now() + 100);
    store.setExpiry("b", clock.now() + 60);
    clock.advance(60);
    expect(store.get("a")).toBeDefined();
    expect(store.get("b")).toBeUndefined();
  });

  it("gives up what its policy chooses when a bound is reached", () => {
    for (const bound of [{ maxBytes: 2 * COST }, { maxEntries: 2 }]) {
      const { store, put, keys } = createStore(bound);
      put("a");
      put("b");
      store.get("a");
      put("c");
      expect(keys()).toEqual(["a", "c"]);
      expect(store.counts).toMatchObject({ entries: 2, bytes: 2 * COST, evictions: 1 });
      expect(store.counts).toMatchObject({ capacityEvictions: 1, memoryEvictions: 0 });
    }
  });

  it("does not count a peek as a use", () => {
    const { store, put, keys } = createStore({ maxEntries: 2 });
    put("a");
    put("b");
    store.peek("a");
    store.facts("a");
    put("c");
    expect(keys()).toEqual(["b", "c"]);
  });

  it("never evicts an entry to make room for its own new value", () => {
    const { put, keys, store } = createStore({ policy: "fifo", maxBytes: 3 * COST });
    for (const key of ["a", "b", "c"]) put(key);
    put("a", { value: new Uint8Array(VALUE.length + 8) });
    expect(keys()).toEqual(["a", "c"]);
    expect(store.get("a")?.value).toHaveLength(VALUE.length + 8);
  });

  it("refuses an entry that alone exceeds a bound, and changes nothing", () => {
    const budget = new MemoryBudget(2 ** 17);
    const value = new Uint8Array(2 ** 17);
    for (const bound of [{ maxBytes: 2 ** 17 }, { budget }]) {
      const { put, keys, store } = createStore(bound);
      put("a");
      put("b");
      expect(codeOf(() => put("a", { value }))).toBe("VALUE_TOO_LARGE");
      expect(codeOf(() => put("c", { value }))).toBe("VALUE_TOO_LARGE");
      expect(keys()).toEqual(["a", "b"]);
      expect(store.get("a")?.value).toEqual(Buffer.from(VALUE));
    }
  });

  it("refuses every entry where the memory is too small to hold one", () => {
    const { put, store } = createStore({ budget: new MemoryBudget(COST - 1) });
    expect(codeOf(() => put("a"))).toBe("VALUE_TOO_LARGE");
    expect(store.counts.entries).toBe(0);
  });

  it("refuses a key that is empty or too long", () => {
    const { put, store } = createStore();
    for (const key of ["", "k".repeat(513), "é".repeat(300)]) {
      expect(codeOf(() => put(key))).toBe("INVALID_ARGUMENT");
      expect(store.get(key)).toBeUndefined();
    }
    put("k".repeat(512));
    expect(store.get("k".repeat(512))).toBeDefined();
  });

  it("tells keys apart whose hashes are the same", () => {
    const { store, put } = createStore();
    const [one, other] = collidingKeys();
    put(one, { version: 1 });
    put(other, { version: 2 });
    expect([store.get(one)?.version, store.get(other)?.version]).toEqual([1, 2]);
    store.remove(one);
    expect(store.get(one)).toBeUndefined();
    expect(store.get(other)?.version).toBe(2);
  });

  it("goes on when the clock is set back", () => {
    const { store, clock, put } = createStore();
    put("a", { expiresAtMs: clock.now() + 1_000 });
    clock.advance(-500);
    expect(store.get("a")).toMatchObject({ writtenAtMs: START_MS });
    put("b", { expiresAtMs: clock.now() + 1_000 });
    clock.advance(1_000);
    expect(store.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
    expect(store.get("b")).toBeUndefined();
    expect(store.get("a")).toBeDefined();
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
    expect(store.get("a")).toBeDefined();
    expect(store.counts).toMatchObject({ pinnedEntries: 1, pinnedBytes: COST + END_BYTES });
  });

  it("refuses an entry when only they are left to evict, and changes nothing", () => {
    for (const bound of [{ maxBytes: 3 * COST }, { maxEntries: 3 }]) {
      const { put, keys, store } = createStore(bound);
      for (const key of ["a", "b", "c"]) put(key, { pinned: true });
      expect(codeOf(() => put("d"))).toBe("OVERLOADED");
      expect(keys()).toEqual(["a", "b", "c"]);
      expect(store.counts.evictions).toBe(0);
    }
  });

  it("replaces a pinned entry in place although nothing else could be evicted", () => {
    const { put, store } = createStore({ maxBytes: 2 * COST });
    put("a", { pinned: true });
    put("b", { pinned: true });
    put("b", { version: 8, pinned: true });
    expect(store.get("b")?.version).toBe(8);
    expect(store.counts).toMatchObject({ pinnedEntries: 2, pinnedBytes: 2 * COST });
  });

  it("takes one beyond its bounds where that is asked for", () => {
    const { put, store, keys } = createStore({ maxEntries: 1 });
    put("a", { pinned: true });
    const entry = { key: "b", value: VALUE, encoding: 1, version: 1, pinned: true };
    store.putBeyondBounds({ ...entry, expiresAtMs: Number.POSITIVE_INFINITY });
    expect(keys()).toEqual(["a", "b"]);
  });

  it("evicts an entry again once it is unpinned", () => {
    const { store, put, keys } = createStore({ maxEntries: 2 });
    put("a", { pinned: true });
    put("b", { pinned: true });
    store.unpin("a");
    put("c");
    expect(keys()).toEqual(["b", "c"]);
    expect(store.counts).toMatchObject({ pinnedEntries: 1, pinnedBytes: COST });
  });

  it("removes an entry that expired while pinned as soon as it is unpinned", () => {
    const { store, clock, put } = createStore();
    put("a", { pinned: true, expiresAtMs: clock.now() + 50 });
    clock.advance(50);
    store.unpin("a");
    expect(store.counts).toMatchObject({ entries: 0, bytes: 0, expirations: 1 });
  });

  it("keeps so many of those that the database refuses, and lets the oldest go", () => {
    const { store, put, keys } = createStore({ maxEntries: 5 });
    const bounds = { maxEntries: 2, maxBytes: 10 * COST };
    for (const key of ["b", "a", "c"]) {
      put(key, { pinned: true });
      store.keepUnpersisted(key, bounds);
    }
    for (const key of ["x", "y", "z", "last"]) put(key);
    expect(keys()).toEqual(["a", "c", "last", "y", "z"]);
    const { unpersistedEntries, unpersistedBytes, pinnedBytes } = store.counts;
    expect([unpersistedEntries, unpersistedBytes, pinnedBytes]).toEqual([2, 2 * COST, 2 * COST]);
    put("d", { pinned: true });
    store.keepUnpersisted("d", { maxEntries: 10, maxBytes: 2 * COST });
    expect(keys()).toContain("d");
    expect(keys()).not.toContain("a");
    expect(store.counts.unpersistedEntries).toBe(2);
  });

  it("lets those go when their time is over, or all that is not dirty is cleared", () => {
    const { store, clock, put, keys } = createStore();
    const bounds = { maxEntries: 10, maxBytes: 10 * COST };
    put("a", { pinned: true, expiresAtMs: clock.now() + 50 });
    store.keepUnpersisted("a", bounds);
    put("b", { pinned: true });
    store.keepUnpersisted("b", bounds);
    put("dirty", { pinned: true });
    clock.advance(10_000);
    expect(store.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
    expect(store.counts).toMatchObject({ entries: 2, expirations: 1, unpersistedEntries: 1 });
    store.clear();
    expect(keys()).toEqual(["dirty"]);
    expect(store.counts).toMatchObject({ pinnedEntries: 1, unpersistedEntries: 0 });
  });

  it("keeps them when it is cleared, and drops them with their partition", () => {
    const { store, put, keys } = createStore();
    const mine = partition("a");
    const elsewhere = ["b", "c", "d", "e", "f", "g"].find((key) => partition(key) !== mine) ?? "";
    put("a", { pinned: true, version: 9 });
    put(elsewhere, { pinned: true });
    for (const key of ["x", "y", "z"]) put(key);
    expect(store.clear()).toBe(3);
    expect(keys()).toEqual(["a", elsewhere].toSorted());
    expect(store.get("a")).toMatchObject({ version: 9, pinned: true, value: Buffer.from(VALUE) });
    expect(store.dropPartition(mine)).toBe(1);
    expect(store.dropPartition(mine)).toBe(0);
    expect(store.counts).toMatchObject({ entries: 1, pinnedEntries: 1, pinnedBytes: COST });
    expect(keys()).toEqual([elsewhere]);
  });

  it("names them all, expired ones too, and no other", () => {
    const { store, clock, put } = createStore();
    put("a", { pinned: true, expiresAtMs: clock.now() + 50 });
    put("refused", { pinned: true });
    store.keepUnpersisted("refused", { maxEntries: 1, maxBytes: 1_000 });
    put("b");
    put("c", { pinned: true });
    store.unpin("c");
    clock.advance(50);
    expect([...store.pinnedEntries()].map(({ key }) => key)).toEqual(["a", "refused"]);
  });
});

describe("Store that is full", () => {
  function createFullStore() {
    const created = createStore({ budget: new MemoryBudget(2 ** 22) });
    let number = 0;
    while (created.store.counts.evictions === 0) created.put(`key-${number++}`);
    return { ...created, newest: `key-${number - 1}` };
  }

  it("makes room for ends, of those entries alone that get one", () => {
    const { store, budget, clock, keys } = createFullStore();
    const before = { ...store.counts };
    const all = keys();
    const some = all.slice(0, all.length / 4);
    for (const key of some) store.setExpiry(key, clock.now() + 1_000);
    const gone = before.entries - store.counts.entries;
    expect(gone).toBeGreaterThan(0);
    // An end takes as much as the record of such an entry.
    expect(gone).toBeLessThan(some.length);
    expect(budget.usedBytes).toBeLessThanOrEqual(budget.capacityBytes);
    clock.advance(1_000 + TICK_MS);
    expect(store.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
    expect(store.counts.expirations).toBeGreaterThan(0);
    expect(store.counts.entries).toBeLessThan(before.entries - some.length);
  });

  it.each(["put anew", "replaced"])(
    "makes room for a table that begins to be used little by little, when %s",
    (how) => {
      const { store, budget, put, newest } = createFullStore();
      const before = store.counts.entries;
      // 4 bytes for each entry from now on.
      store.setMaxIdle(1_000);
      let most = 0;
      for (let number = 1; number <= 1_000; number++) {
        const { evictions } = store.counts;
        put(how === "replaced" ? newest : `other-${number}`);
        most = Math.max(most, store.counts.evictions - evictions);
      }
      const pageOfThem = 65_536 / (COST - 32);
      expect(most).toBeLessThan(2 * pageOfThem);
      expect(before - store.counts.entries).toBeGreaterThan(before * 0.05);
      expect(budget.usedBytes).toBeLessThanOrEqual(budget.capacityBytes);
    },
  );
});

describe("Store that is asked for the hottest entries of a partition", () => {
  it.each(["lru", "s3-fifo", "adaptive"] as const)(
    "names the used ones before the others, and leaves out what goes meanwhile, with %s",
    (policy) => {
      const { store, put } = createStore({ policy, placement: { partitions: 1, hashSeed: 1 } });
      const names = Array.from({ length: 200 }, (_, number) => `key-${number}`);
      for (const key of names) put(key);
      const used = names.filter((_, number) => number % 10 === 3);
      for (const key of used) for (let times = 0; times < 30; times++) store.get(key);
      const order: string[] = [];
      for (const { key } of store.hottestOf(0)) {
        order.push(key);
        if (order.length === 1) store.remove("key-7");
      }
      expect(order).toHaveLength(199);
      const among = new Set(order.slice(0, 40));
      expect(used.filter((key) => among.has(key))).toEqual(used);
    },
  );
});

describe("Store that is closed", () => {
  it("gives its memory back, misses every read and refuses writes", () => {
    const { store, budget, put } = createStore();
    put("a");
    put("b", { pinned: true });
    store.close();
    store.close();
    expect([budget.usedBytes, budget.pinnedBytes]).toEqual([0, 0]);
    expect(store.get("a")).toBeUndefined();
    expect(store.hasRoomFor(1)).toBe(false);
    expect(codeOf(() => put("a"))).toBe("CLOSED");
  });
});

/** Two keys with the same 32 bits: some 100,000 random ones have such a pair. */
function collidingKeys(): [string, string] {
  const byHash = new Map<number, string>();
  for (let number = 0; ; number++) {
    const key = `key-${number}`;
    const hash = hash32(Buffer.from(key), PLACEMENT.hashSeed);
    const other = byHash.get(hash);
    if (other !== undefined) return [other, key];
    byHash.set(hash, key);
  }
}
