/** What a store makes of `maxIdleMs`: when entries end that nobody uses, and when their memory is back. */
import { FakeClock, seededRandom, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import type { NewEntry } from "./entry.js";
import { LastUses } from "./last-uses.js";
import { MemoryBudget } from "./memory-budget.js";
import { Reclaimer } from "./reclaimer.js";
import { Store } from "./store.js";

const seed = testSeed();
const START_MS = 1_790_000_000_000;
const IDLE_MS = 10_000;
/** How exactly uses are known. */
const STEP_MS = 8;
const DAY_MS = 86_400_000;

function createStore(maxIdleMs?: number) {
  const clock = new FakeClock(START_MS);
  const budget = new MemoryBudget(2 ** 26);
  const placement = { partitions: 1, hashSeed: 1 };
  const idle = maxIdleMs === undefined ? {} : { maxIdleMs };
  const store = new Store({ budget, policy: "lru", clock, placement, ...idle });
  const put = (key: string, change: Partial<NewEntry> = {}) => {
    const entry = { key, value: Buffer.from("v"), encoding: 1, version: 1, pinned: false };
    store.put({ ...entry, expiresAtMs: Number.POSITIVE_INFINITY, ...change });
  };
  return { store, clock, budget, put, reclaimer: new Reclaimer(clock, () => [store]) };
}

describe("A store that ends idle entries", () => {
  it("does so when they were neither read nor written for so long, to 8 ms", () => {
    for (const use of ["get", "in place", "put"] as const) {
      const { store, clock, put } = createStore(IDLE_MS);
      const find = () => {
        if (use !== "in place") return store.get("a");
        store.sought.set("a");
        const found = store.findSought();
        if (found !== undefined) store.useInPlace();
        return found;
      };
      put("a");
      for (let times = 0; times < 3; times++) {
        clock.advance(IDLE_MS - 1);
        if (use === "put") put("a");
        else expect(find()).toBeDefined();
      }
      clock.advance(IDLE_MS);
      expect(store.peek("a")).toBeDefined();
      clock.advance(STEP_MS);
      expect(find()).toBeUndefined();
      expect(store.counts).toMatchObject({ entries: 0, expirations: 1, evictions: 0 });
    }
  });

  it("counts no look as a use, nor another lifetime", () => {
    const { store, clock, put } = createStore(IDLE_MS);
    put("a");
    clock.advance(IDLE_MS);
    expect(store.peek("a")).toBeDefined();
    expect(store.facts("a")).toBeDefined();
    expect([...store.entriesOf(0)]).toHaveLength(1);
    store.setExpiry("a", clock.now() + DAY_MS);
    clock.advance(STEP_MS);
    expect(store.get("a")).toBeUndefined();
  });

  it("ends an entry with its lifetime, however often it is used", () => {
    const { store, clock, put } = createStore(IDLE_MS);
    put("a", { expiresAtMs: clock.now() + 15_000 });
    clock.advance(8_000);
    expect(store.get("a")?.expiresAtMs).toBe(START_MS + 15_000);
    clock.advance(6_999);
    expect(store.get("a")).toBeDefined();
    clock.advance(1);
    expect(store.get("a")).toBeUndefined();
  });

  it("does not end dirty ones, but they may have ended when they are unpinned", () => {
    const { store, clock, put } = createStore(IDLE_MS);
    put("a", { pinned: true });
    put("b", { pinned: true });
    clock.advance(2 * IDLE_MS);
    expect(store.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
    expect(store.get("a")).toBeDefined();
    for (const key of ["a", "b"]) store.unpin(key);
    expect([store.peek("a")?.pinned, store.peek("b")]).toEqual([false, undefined]);
  });

  it("counts an arrival as a use, whenever the entry was written", () => {
    const { store, clock, put } = createStore(IDLE_MS);
    put("a", { writtenAtMs: clock.now() - DAY_MS });
    clock.advance(IDLE_MS);
    expect(store.get("a")?.writtenAtMs).toBe(START_MS - DAY_MS);
  });

  it("has their memory back within a second, unread, and keeps those that are read", async () => {
    const { store, clock, budget, put, reclaimer } = createStore(IDLE_MS);
    await reclaimer.start();
    for (let number = 0; number < 5_000; number++) put(`key-${number}`);
    put("read");
    for (let elapsedMs = 0; elapsedMs < 9_000; elapsedMs += 1_000) {
      clock.advance(1_000);
      expect(store.get("read")).toBeDefined();
    }
    expect(store.counts.entries).toBe(5_001);
    clock.advance(2_000);
    expect(store.counts).toMatchObject({ entries: 1, expirations: 5_000 });
    clock.advance(IDLE_MS);
    expect(store.counts.entries).toBe(0);
    expect(budget.pages.inUse).toBe(0);
    await reclaimer.stop();
  });

  it("begins, changes and ends doing so with its entries in place", async () => {
    const { store, clock, put, reclaimer } = createStore();
    await reclaimer.start();
    for (let number = 0; number < 1_000; number++) put(`key-${number}`);
    clock.advance(DAY_MS);
    store.setMaxIdle(IDLE_MS);
    // They count as used at this moment.
    clock.advance(IDLE_MS / 2);
    expect(store.counts.entries).toBe(1_000);
    expect(store.get("key-1")).toBeDefined();
    clock.advance(IDLE_MS / 2 + 1_000);
    expect(store.counts.entries).toBe(1);
    store.setMaxIdle(DAY_MS);
    put("other");
    clock.advance(DAY_MS / 2);
    expect(store.counts.entries).toBe(2);
    store.get("other");
    store.setMaxIdle(IDLE_MS);
    clock.advance(1_000);
    expect(store.counts).toMatchObject({ entries: 1, expirations: 1_000 });
    store.setMaxIdle(Number.POSITIVE_INFINITY);
    clock.advance(2 * DAY_MS);
    expect(store.get("other")).toBeDefined();
    await reclaimer.stop();
  });

  it("looks for what a shorter time ends in slices", () => {
    const { store, clock, put } = createStore();
    for (let number = 0; number < 30_000; number++) put(`key-${number}`);
    store.setMaxIdle(IDLE_MS);
    let slices = 1;
    while (!store.reclaim(clock.monotonic())) slices += 1;
    expect(slices).toBeGreaterThan(10);
    expect(store.counts.entries).toBe(30_000);
  });

  it("takes four bytes more for an entry, and none without such a time", () => {
    const [plain, idle] = [createStore(), createStore(IDLE_MS)];
    for (const { put } of [plain, idle]) {
      for (let number = 0; number < 1_024; number++) {
        put(`key-${number}`, { expiresAtMs: START_MS + DAY_MS });
      }
    }
    expect(idle.store.usedBytes - plain.store.usedBytes).toBe(1_024 * 4);
    idle.store.setMaxIdle(Number.POSITIVE_INFINITY);
    expect(idle.store.usedBytes - plain.store.usedBytes).toBeLessThan(100);
  });
});

describe("LastUses", () => {
  it(`names in a sweep who has been idle for too long, and hardly anybody else (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const roundMs = 2 ** 32 * STEP_MS;
    for (const atMs of [START_MS, 100 * roundMs - DAY_MS, 100 * roundMs + 1]) {
      const uses = new LastUses();
      uses.setMaxIdle(IDLE_MS, 10_000, atMs);
      const nowMs = atMs + 20 * IDLE_MS;
      for (let id = 1; id <= 10_000; id++) {
        // Some have not been used, and some before the clock was set back.
        if (id % 10 > 0) uses.use(id, nowMs + (random.next() - 0.9) * 2 * IDLE_MS);
      }
      uses.advance(nowMs, 10_000);
      const named = new Set<number>();
      for (let id = uses.take(); id !== 0; id = uses.take()) named.add(id);
      const idle = Array.from({ length: 10_000 }, (_, index) => index + 1).filter(
        (id) => uses.endMs(id, nowMs) <= nowMs,
      );
      expect(idle.length).toBeGreaterThan(1_000);
      expect(idle.filter((id) => !named.has(id))).toEqual([]);
      expect(named.size - idle.length).toBeLessThan(10_000 / 60);
    }
  });

  it("knows the end on both sides of where its count of steps begins again, and of a set back clock", () => {
    const uses = new LastUses();
    const roundMs = 2 ** 32 * STEP_MS;
    for (const atMs of [START_MS, 100 * roundMs - STEP_MS, 100 * roundMs - 1, 100 * roundMs]) {
      uses.setMaxIdle(Number.POSITIVE_INFINITY, 10, atMs);
      uses.setMaxIdle(DAY_MS, 10, atMs);
      uses.use(1, atMs);
      for (const laterMs of [-DAY_MS / 2, 0, DAY_MS, 300 * DAY_MS]) {
        for (const id of [1, 2]) {
          const endMs = uses.endMs(id, atMs + laterMs);
          expect(endMs - atMs - DAY_MS).toBeGreaterThan(0);
          expect(endMs - atMs - DAY_MS).toBeLessThanOrEqual(STEP_MS);
        }
      }
    }
  });
});
