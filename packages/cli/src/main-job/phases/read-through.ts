/**
 * Product lookups through a cache that loads what it lacks: how often it answers from memory, next
 * to what an ideal LRU of its size would reach, and how long hits and misses take.
 */
import { CACHE, cachedProducts } from "../caches.js";
import { type JobContext, LOOKUPS_IN_FLIGHT } from "../context.js";
import { idealLruHitRatio } from "../ideal-lru.js";
import { Latencies } from "../latencies.js";
import { inParallel } from "../parallel.js";
import { cacheTotals } from "../stats.js";

export interface ReadThroughResult {
  readonly lookups: number;
  /** Lookups that were answered from memory. One that waits for another's load is none of them. */
  readonly hitRatio: number;
  readonly idealLruHitRatio: number;
  readonly hitP50Ms: number | undefined;
  readonly hitP99Ms: number | undefined;
  readonly missP50Ms: number | undefined;
  readonly missP99Ms: number | undefined;
  readonly lookupsPerSecond: number;
  /** Rows asked of the database. */
  readonly loads: number;
  /** How many processors all processes share. */
  readonly processors: number;
}

/**
 * The first lookups of fresh processes run code that the engine has not compiled yet. They count
 * for the hit ratio and not for the latencies.
 */
const WARM_UP_SHARE = 0.1;

export async function readThrough(context: JobContext): Promise<ReadThroughResult> {
  const { caches, clock, cursor, processors, reporter, signal, workload } = context;
  const loadsBefore = (await cacheTotals(context, CACHE.products)).loads;
  const lookups = workload.requests.length;
  const warmUp = Math.floor(lookups * WARM_UP_SHARE);
  const hits = new Latencies();
  const misses = new Latencies();
  let hitCount = 0;
  let done = 0;
  const progress = reporter.progress("lookups", lookups);
  const startedAtMs = clock.monotonic();
  const lookUp = async (index: number) => {
    const key = String(cursor.next());
    const sentAtMs = clock.monotonic();
    const { value, source } = await caches.products.getWithMeta(key);
    const tookMs = clock.monotonic() - sentAtMs;
    if (value === undefined) throw new Error(`product ${key} was not found`);
    const isHit = source === "memory";
    if (isHit) hitCount++;
    if (index >= warmUp) (isHit ? hits : misses).add(tookMs);
    progress.update(++done);
  };
  try {
    await inParallel(lookups, lookUp, { inFlight: LOOKUPS_IN_FLIGHT, signal });
  } finally {
    progress.finish();
  }
  const tookMs = clock.monotonic() - startedAtMs;
  const { loads } = await cacheTotals(context, CACHE.products);
  return {
    lookups,
    hitRatio: hitCount / lookups,
    idealLruHitRatio: idealLruHitRatio(workload.requests, cachedProducts(workload.products)),
    hitP50Ms: hits.percentileMs(0.5),
    hitP99Ms: hits.percentileMs(0.99),
    missP50Ms: misses.percentileMs(0.5),
    missP99Ms: misses.percentileMs(0.99),
    lookupsPerSecond: lookups / (tookMs / 1_000),
    loads: loads - loadsBefore,
    processors,
  };
}
