/** Values that are kept beyond their ends: found by those who ask for that, and missing to all others. */
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import type { NewEntry } from "./entry.js";
import { TICK_MS } from "./expiry.js";
import { MemoryBudget } from "./memory-budget.js";
import { Store } from "./store.js";
import type { StoreOptions } from "./store-options.js";

const TTL_MS = 1_000;
const GRACE_MS = 5_000;
const KEY = Buffer.from("a");

function createStore(options: Partial<StoreOptions> = {}) {
  const clock = new FakeClock(1_000_000);
  const placement = { partitions: 1, hashSeed: 1 };
  const budget = new MemoryBudget(2 ** 20);
  const required = { budget, policy: "lru", clock, placement, graceMs: GRACE_MS } as const;
  const store = new Store({ ...required, ...options });
  const put = (key: string, change: Partial<NewEntry> = {}) => {
    const expiresAtMs = clock.now() + TTL_MS;
    const content = { value: new Uint8Array([1]), encoding: 1, version: 7, expiresAtMs };
    store.put({ key, ...content, pinned: false, ...change });
  };
  /** What is found of it. */
  const seen = (key = "a") => ({
    live: store.peek(key)?.version,
    inGrace: store.findInGrace(key)?.version,
  });
  return { store, clock, put, seen };
}

describe("A store that keeps values for their grace", () => {
  it("has a value in grace from its end until the grace is over, for those who ask for that alone", () => {
    const { store, clock, put, seen } = createStore();
    put("a");
    clock.advance(TTL_MS - 1);
    expect(seen()).toEqual({ live: 7, inGrace: undefined });
    clock.advance(1);
    expect(seen()).toEqual({ live: undefined, inGrace: 7 });
    expect([store.get("a"), store.facts("a")]).toEqual([undefined, undefined]);
    store.sought.set(KEY);
    expect(store.findSought()).toBeUndefined();
    expect([...store.entriesOf(0)]).toEqual([]);
    expect(store.counts).toMatchObject({ entries: 1, expirations: 0 });
    clock.advance(GRACE_MS - 1);
    expect(seen().inGrace).toBe(7);
    clock.advance(1);
    expect(seen()).toEqual({ live: undefined, inGrace: undefined });
    expect(store.counts).toMatchObject({ entries: 0, bytes: 0, expirations: 1 });
  });

  it("gives its memory back at the end of the grace, unread, and at once when there is none any more", () => {
    const { store, clock, put } = createStore();
    put("a");
    const reclaim = () => {
      clock.advance(TICK_MS);
      store.reclaim(Number.POSITIVE_INFINITY);
      return store.counts.entries;
    };
    clock.advance(TTL_MS);
    expect(reclaim()).toBe(1);
    clock.advance(GRACE_MS);
    expect(reclaim()).toBe(0);
    put("b");
    clock.advance(TTL_MS);
    expect(reclaim()).toBe(1);
    store.setGrace(0);
    expect(reclaim()).toBe(0);
  });

  it("holds a longer grace for what is there already", () => {
    const { store, clock, put, seen } = createStore({ graceMs: 0 });
    put("a");
    store.setGrace(GRACE_MS);
    clock.advance(TTL_MS + GRACE_MS - 1);
    expect(seen().inGrace).toBe(7);
  });

  it("has none of what is known to be absent, is dirty or was refused", () => {
    const { store, clock, put, seen } = createStore();
    put("absent", { value: undefined });
    put("dirty", { pinned: true });
    put("refused", { pinned: true });
    store.keepUnpersisted("refused", { maxEntries: 1, maxBytes: 10_000 });
    clock.advance(TTL_MS);
    expect(seen("absent")).toEqual({ live: undefined, inGrace: undefined });
    expect(seen("dirty")).toEqual({ live: 7, inGrace: undefined });
    expect(seen("refused")).toEqual({ live: undefined, inGrace: undefined });
    // It became clean after its end.
    store.unpin("dirty");
    expect(seen("dirty")).toEqual({ live: undefined, inGrace: 7 });
  });

  it("ends it with a put, a removal and a clear, and not with one that is refused", () => {
    const { store, clock, put, seen } = createStore({ maxBytes: 2 ** 16 });
    const end = () => {
      put("a");
      clock.advance(TTL_MS);
      expect(seen().inGrace).toBe(7);
    };
    end();
    expect(() => put("a", { value: new Uint8Array(2 ** 17) })).toThrow();
    expect(seen().inGrace).toBe(7);
    put("a", { version: 8 });
    expect(seen()).toEqual({ live: 8, inGrace: undefined });
    end();
    expect(store.remove("a")).toBe(false);
    expect(seen().inGrace).toBeUndefined();
    end();
    store.clear();
    expect(seen().inGrace).toBeUndefined();
  });

  it("counts it as expired, not as evicted, when it has to make room", () => {
    const { store, clock, put, seen } = createStore({ maxEntries: 2 });
    put("a");
    clock.advance(TTL_MS);
    put("b");
    put("c");
    expect(seen().inGrace).toBeUndefined();
    expect(store.counts).toMatchObject({ entries: 2, evictions: 0, expirations: 1 });
  });

  it("lets those stay that are used in grace, and those end that are idle for too long", () => {
    const { store, clock, put, seen } = createStore({ maxEntries: 2, maxIdleMs: 3_000 });
    put("a");
    put("b");
    clock.advance(TTL_MS);
    store.findInGrace("a", true);
    put("c");
    expect([seen("a").inGrace, seen("b").inGrace]).toEqual([7, undefined]);
    clock.advance(2_900);
    expect(seen("a").inGrace).toBe(7);
    clock.advance(200);
    expect(seen("a").inGrace).toBeUndefined();
  });

  it("takes it along to the next owner, as old as it is", () => {
    const { store, clock, put } = createStore();
    put("a");
    const writtenAtMs = clock.now();
    clock.advance(TTL_MS);
    const [copy] = [...store.hottestOf(0)];
    expect(copy).toMatchObject({ key: "a", writtenAtMs, expiresAtMs: writtenAtMs + TTL_MS });
    const next = createStore();
    next.clock.advance(TTL_MS);
    next.store.put(copy as NewEntry);
    expect(next.seen()).toEqual({ live: undefined, inGrace: 7 });
  });
});
