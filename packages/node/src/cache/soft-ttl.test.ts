/** Entries past their soft lifetime: served as stale, and loaded anew by one refresh. */
import { makeVersion } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { type CacheOverrides, createCacheFixture, text, textOf } from "../testing/cache-fixture.js";
import { gate, turn } from "../testing/turns.js";

const SOFT_MS = 10_000;
const HARD_MS = 60_000;

function start(
  pattern: "read-through" | "write-through" | "write-behind" = "read-through",
  overrides: CacheOverrides = {},
) {
  const fixture = createCacheFixture(pattern, { ttl: "1m", softTtl: "10s", ...overrides });
  const { operations, context, source, clock } = fixture;
  const read = async (key = "k") => operations.get(key, context());
  /** What is in memory when the value has changed behind the cache's back. */
  const becomeStale = async (key = "k", ageMs = SOFT_MS) => {
    source.plant(key, "old");
    await read(key);
    source.plant(key, "new");
    clock.advance(ageMs);
  };
  return { ...fixture, read, becomeStale };
}

/** Until a load that has begun, or been answered, has come to its end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

describe("an entry past its soft lifetime", () => {
  it("is served as stale, at once, while one refresh loads it, however many read it", async () => {
    const { read, becomeStale, source, cache, clock } = start();
    await becomeStale("k", SOFT_MS - 1);
    expect(await read()).toMatchObject({ stale: false, source: "MEMORY" });
    clock.advance(1);
    const { wait, open } = gate();
    source.beforeLoad = wait;
    for (let i = 0; i < 100; i++) {
      const result = await read();
      expect(result).toMatchObject({ stale: true, source: "MEMORY", ageMs: SOFT_MS });
      expect(textOf(result)).toBe("old");
    }
    open();
    await settle();
    expect(source.loads).toEqual([["k"], ["k"]]);
    const fresh = await read();
    expect([textOf(fresh), fresh.stale, fresh.ageMs]).toEqual(["new", false, 0]);
    expect(cache.counters).toMatchObject({ hits: 102, staleHits: 100, misses: 1, loads: 2 });
  });

  it("has a hard lifetime and a soft one anew when it was loaded", async () => {
    const { read, becomeStale, clock, source } = start();
    await becomeStale();
    await read();
    await settle();
    clock.advance(SOFT_MS - 1);
    expect(await read()).toMatchObject({ stale: false, ttlLeftMs: HARD_MS - SOFT_MS + 1 });
    expect(source.loads).toHaveLength(2);
    clock.advance(1);
    expect(await read()).toMatchObject({ stale: true });
  });

  it("is not served after its hard end, whatever has become of the refresh", async () => {
    const { read, becomeStale, clock, source } = start();
    await becomeStale();
    const { wait, open } = gate();
    source.beforeLoad = wait;
    clock.advance(HARD_MS - SOFT_MS - 1);
    expect(await read()).toMatchObject({ stale: true, ttlLeftMs: 1 });
    await turn();
    clock.advance(1);
    const waiting = read();
    open();
    expect(await waiting).toMatchObject({ stale: false, source: "DATABASE" });
    // The read that missed has joined the refresh.
    expect(source.loads).toHaveLength(2);
  });

  it("is not stale where the cache has no soft lifetime, and becomes so when it gets one", async () => {
    const { read, becomeStale, cache, config } = start("read-through", { softTtl: 0 });
    await becomeStale();
    expect(await read()).toMatchObject({ stale: false });
    cache.reconfigure(config({ softTtl: "5s" }));
    expect(await read()).toMatchObject({ stale: true });
    await settle();
    expect(textOf(await read())).toBe("new");
    expect(cache.counters).toMatchObject({ misses: 1, staleHits: 1 });
  });

  it("is as old at its next owner", async () => {
    const { read, cache, clock } = start();
    const copy = { cacheId: 7, partition: 0, key: "k", version: 1, value: Buffer.from("old") };
    const writtenAtMs = clock.now();
    clock.advance(SOFT_MS - 1);
    const expiresAtMs = writtenAtMs + HARD_MS;
    cache.keepCopy({ ...copy, encoding: 2, expiresAtMs, writtenAtMs });
    expect(await read()).toMatchObject({ stale: false, ageMs: SOFT_MS - 1 });
    clock.advance(1);
    expect(await read()).toMatchObject({ stale: true, ageMs: SOFT_MS });
  });

  it("gives way to a row that is gone, with or without a memory of its absence", async () => {
    for (const negativeTtl of ["10s", 0]) {
      const { read, source, clock, cache } = start("read-through", { negativeTtl });
      source.plant("k", "old", makeVersion(3, 8));
      await read();
      source.rows.delete("k");
      clock.advance(SOFT_MS);
      expect(await read()).toMatchObject({ stale: true });
      await settle();
      expect(cache.store.counts.entries).toBe(negativeTtl === 0 ? 0 : 1);
      expect(await read()).toMatchObject({ value: undefined, stale: false });
    }
  });

  it("gives way to a row that there is no room for", async () => {
    const { read, source, clock, cache } = start("read-through", { maxBytes: "64KiB" });
    source.plant("k", "old");
    await read();
    source.plant("k", "x".repeat(2 ** 17));
    clock.advance(SOFT_MS);
    await read();
    await settle();
    expect(cache.store.counts.entries).toBe(0);
    expect((await read()).value).toHaveLength(2 ** 17);
  });

  it("leaves the memory of an absent row to its own lifetime", async () => {
    const { read, source, clock } = start("read-through", { negativeTtl: "40s" });
    await read();
    clock.advance(2 * SOFT_MS);
    expect(await read()).toMatchObject({ stale: false, source: "MEMORY" });
    expect(source.loads).toHaveLength(1);
  });

  it("is refreshed at different times where lifetimes are spread, for each key the same", async () => {
    const { operations, source, clock, context } = start("read-through", { ttlJitter: 0.5 });
    const keys = Array.from({ length: 200 }, (_, number) => `key-${number}`);
    const read = async (key: string, keyHash: number) =>
      operations.get(key, { ...context(), keyHash });
    const staleOnes = async () => {
      const stale: string[] = [];
      for (const [number, key] of keys.entries()) {
        const hash = Math.imul(number + 1, 0x9e3779b1);
        if ((await read(key, hash)).stale) stale.push(key);
      }
      return stale;
    };
    for (const key of keys) source.plant(key, "v");
    await staleOnes();
    source.beforeLoad = () => {
      throw new DatabaseError("unavailable", "away");
    };
    clock.advance(SOFT_MS / 2 - 8);
    expect(await staleOnes()).toEqual([]);
    clock.advance(SOFT_MS / 4);
    const some = await staleOnes();
    expect(some.length).toBeGreaterThan(60);
    expect(some.length).toBeLessThan(140);
    expect(await staleOnes()).toEqual(some);
    clock.advance(SOFT_MS / 4 + 8);
    expect(await staleOnes()).toEqual(keys);
  });
});

describe("a refresh", () => {
  it("does not undo a write or an invalidation that came after it had begun", async () => {
    for (const pattern of ["write-through", "write-behind", "read-through"] as const) {
      const { read, becomeStale, source, operations, context, cache } = start(pattern);
      await becomeStale();
      const { wait, open } = gate();
      source.beforeLoad = wait;
      expect(await read()).toMatchObject({ stale: true });
      await turn();
      if (pattern === "read-through") {
        source.plant("k", "newest");
        await operations.delete("k", undefined, context());
      } else await operations.set("k", text("newest"), undefined, context());
      open();
      await settle();
      if (pattern === "read-through") expect(cache.store.counts.entries).toBe(0);
      expect(textOf(await read())).toBe("newest");
    }
  });

  it("is not made of a dirty entry, nor of one that the database refuses", async () => {
    const { read, source, clock, operations, context } = start("write-behind", { ttl: "1h" });
    source.refused.set("refused", "23514");
    source.beforeFlush = () => {
      throw new DatabaseError("unavailable", "away");
    };
    for (const key of ["k", "refused"]) await operations.set(key, text("v"), undefined, context());
    await clock.advanceAsync(2 * SOFT_MS);
    expect(await read("k")).toMatchObject({ stale: false });
    source.beforeFlush = () => {};
    await clock.advanceAsync(5 * SOFT_MS);
    await settle();
    expect(await read("refused")).toMatchObject({ stale: false, unpersisted: true });
    expect(source.loads).toEqual([]);
    // In the database by now, and as old as it is.
    expect(await read("k")).toMatchObject({ stale: true });
  });

  it("that fails is not repeated at every read, but later and later", async () => {
    const { read, becomeStale, source, clock, cache } = start("read-through", { ttl: "1h" });
    await becomeStale("k");
    await becomeStale("other");
    source.beforeLoad = () => {
      throw new DatabaseError("unavailable", "away");
    };
    const before = source.loads.length;
    const attempts = async (seconds: number) => {
      const begun = source.loads.length;
      for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs += 10) {
        expect(await read(elapsedMs % 20 === 0 ? "k" : "other")).toMatchObject({ stale: true });
        await settle();
        clock.advance(10);
      }
      return source.loads.length - begun;
    };
    expect(await attempts(1)).toBeLessThanOrEqual(5);
    await attempts(20);
    // Every 5 to 10 seconds.
    const later = await attempts(40);
    expect(later).toBeGreaterThanOrEqual(3);
    expect(later).toBeLessThanOrEqual(8);
    expect(cache.counters.loadFailures).toBe(source.loads.length - before);
    source.beforeLoad = () => {};
    clock.advance(10_000);
    await read("k");
    await settle();
    await read("other");
    await settle();
    expect([await read("k"), await read("other")].map(textOf)).toEqual(["new", "new"]);
  });

  it("is not begun by thousands at once", async () => {
    const { read, source, clock } = start();
    const keys = Array.from({ length: 600 }, (_, number) => `key-${number}`);
    for (const key of keys) source.plant(key, "v");
    await Promise.all(keys.map((key) => read(key)));
    clock.advance(SOFT_MS);
    const loaded = () => source.loads.reduce((sum, { length }) => sum + length, 0);
    for (const key of keys) expect(await read(key)).toMatchObject({ stale: true });
    await settle();
    expect(loaded()).toBe(600 + 500);
    for (const key of keys) await read(key);
    await settle();
    expect(loaded()).toBe(600 + 600);
  });

  it("that is cut off by a move says nothing about the database", async () => {
    const { read, becomeStale, source, tenure } = start();
    await becomeStale("k");
    await becomeStale("other");
    const { wait, open } = gate();
    source.beforeLoad = wait;
    await read("k");
    await turn();
    tenure.moveTo({ at: "releasing" });
    open();
    await settle();
    tenure.moveTo({ at: "serving" });
    await read("other");
    await settle();
    expect(textOf(await read("other"))).toBe("new");
  });
});
