import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import type { ConfiguredCache } from "../cache/configured-cache.js";
import { MissRatioCurve } from "../curve/miss-ratio-curve.js";
import { createCacheFixture, text } from "../testing/cache-fixture.js";
import { createMetrics } from "./metrics.js";

/** The metrics of a node with one cache, by name and labels. */
async function metricsOf(cache: ConfiguredCache): Promise<ReadonlyMap<string, number>> {
  const registry = createMetrics({
    caches: () => [cache],
    epoch: () => 1,
    ownedPartitions: () => 1,
    isRightful: () => true,
    memoryBudgetBytes: 2 ** 20,
    memoryUsedBytes: () => 0,
    curve: new MissRatioCurve({ boundBytes: () => 2 ** 20, clock: new FakeClock(0) }),
    openPipes: () => 0,
    recordsToReplay: () => 0,
    hasJournalProblem: () => false,
    replication: { unbacked: 0, backlogBytes: 0, replicaEntries: 0, replicaBytes: 0 },
  });
  const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("hold"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

describe("The metrics of a node", () => {
  it("tell evictions by reason, and expirations apart from them", async () => {
    const { cache, operations, context, clock } = createCacheFixture("cache-aside", {
      maxEntries: 20,
      eviction: "lru",
      maxIdle: "1m",
    });
    const set = async (key: string, bytes: number) => {
      const change = { ...text(""), value: Buffer.alloc(bytes) };
      await operations.set(key, change, undefined, context());
    };
    for (let number = 0; number < 23; number++) await set(`small-${number}`, 1);
    // Of these fewer than 20 fit into the node's megabyte.
    for (let number = 0; number < 20; number++) await set(`large-${number}`, 2 ** 16);
    const before = await metricsOf(cache);
    const evicted = (metrics: ReadonlyMap<string, number>, reason: string) =>
      metrics.get(`holdfast_cache_evictions_total{cache="test",reason="${reason}"}`) ?? Number.NaN;
    expect(evicted(before, "capacity")).toBeGreaterThanOrEqual(3);
    expect(evicted(before, "memory")).toBeGreaterThan(0);
    const entries = before.get('holdfast_cache_entries{cache="test"}') ?? 0;
    expect(evicted(before, "capacity") + evicted(before, "memory") + entries).toBe(43);
    clock.advance(60_008);
    cache.store.reclaim(Number.POSITIVE_INFINITY);
    cache.store.peek("large-19");
    const after = await metricsOf(cache);
    expect(after.get('holdfast_cache_expirations_total{cache="test"}')).toBeGreaterThan(0);
    for (const reason of ["capacity", "memory"]) {
      expect(evicted(after, reason)).toBe(evicted(before, reason));
    }
  });

  it("tell stale hits", async () => {
    const fixture = createCacheFixture("read-through", { ttl: "1h", softTtl: "1m" });
    const { cache, operations, context, source, clock } = fixture;
    source.plant("k", "v");
    await operations.get("k", context());
    clock.advance(60_000);
    await operations.get("k", context());
    const metrics = await metricsOf(cache);
    expect(metrics.get('holdfast_cache_stale_hits_total{cache="test"}')).toBe(1);
    expect(metrics.get('holdfast_cache_hits_total{cache="test"}')).toBe(1);
  });
});
