import { hash32 } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { createCacheFixture, text } from "../testing/cache-fixture.js";

const KEYS = Array.from({ length: 120 }, (_, index) => `key-${index}`);

/** A cache, each of whose keys has its own hash, as in a node. */
function start(...[pattern, overrides]: Parameters<typeof createCacheFixture>) {
  const fixture = createCacheFixture(pattern, overrides);
  const { cache, operations, source } = fixture;
  for (const key of KEYS) source.plant(key, "v");
  const contextOf = (key: string) => ({
    ...fixture.context(),
    keyHash: hash32(Buffer.from(key), 0) | 0,
  });
  const read = async () => {
    for (const key of KEYS) await operations.get(key, contextOf(key));
  };
  const told = () => cache.curve.ratiosAt([2 ** 20]);
  return { ...fixture, contextOf, read, told };
}

describe("What a cache tells its miss-ratio curve", () => {
  it("tells of misses, of what they load, and of hits", async () => {
    const { read, told, cache } = start("read-through");
    await read();
    expect(told()).toMatchObject({ reads: 120, observedHitRatio: 0, hitRatios: [0] });
    await read();
    expect(told()).toMatchObject({ reads: 240, observedHitRatio: 0.5 });
    expect(told()?.hitRatios[0]).toBeCloseTo(0.5);
    // With what the store says that each takes.
    const needed = cache.store.counts.bytes;
    expect(cache.curve.ratiosAt([needed / 2])?.hitRatios[0]).toBe(0);
    expect(cache.curve.ratiosAt([needed * 1.1])?.hitRatios[0]).toBeCloseTo(0.5);
  });

  it("tells of writes, which are not reads, and of deletions", async () => {
    const { operations, contextOf, read, told } = start("cache-aside");
    for (const key of KEYS) await operations.set(key, text("v"), undefined, contextOf(key));
    expect(told()).toBeUndefined();
    await read();
    expect(told()?.hitRatios[0]).toBeCloseTo(1);
    for (const key of KEYS) await operations.delete(key, undefined, contextOf(key));
    await read();
    expect(told()?.hitRatios[0]).toBeCloseTo(0.5);
  });

  it("tells of a clear", async () => {
    const { operations, read, told } = start("read-through");
    await read();
    operations.clear();
    await read();
    expect(told()?.hitRatios[0]).toBe(0);
  });

  it("misses with more memory, too, what has expired", async () => {
    const { clock, read, told } = start("read-through", { ttl: "1m", ttlJitter: 0 });
    await read();
    await clock.advanceAsync(60_000);
    await read();
    expect(told()?.hitRatios[0]).toBe(0);
  });

  it("misses with more memory, too, what was idle for too long, and hits what was not", async () => {
    const { clock, read, told } = start("read-through", { maxIdle: "1m" });
    await read();
    await clock.advanceAsync(59_000);
    await read();
    await clock.advanceAsync(59_000);
    await read();
    expect(told()?.hitRatios[0]).toBeCloseTo(2 / 3, 1);
    await clock.advanceAsync(61_000);
    await read();
    expect(told()?.hitRatios[0]).toBeCloseTo(2 / 4, 1);
  });

  it("knows that what was evicted would be there with more memory", async () => {
    const { cache, read } = start("read-through", { maxEntries: 50, eviction: "lru" });
    for (let round = 0; round < 4; round++) await read();
    const bytes = cache.boundBytes;
    expect(bytes).toBeLessThanOrEqual(50 * cache.store.meanEntryBytes);
    const told = cache.curve.ratiosAt([bytes, 4 * bytes]);
    expect(told?.hitRatios[0]).toBe(0);
    expect(told?.hitRatios[1]).toBeCloseTo(0.75);
    expect(told?.observedHitRatio).toBe(0);
  });
});
