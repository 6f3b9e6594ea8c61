/** The node's counters and curves as its Stats call and its metrics show them. */
import type { CacheStats } from "@holdfast/proto";
import type { ConfiguredCache } from "../cache/configured-cache.js";
import { MULTIPLES } from "../curve/memory-multiples.js";
import type { MissRatioCurve } from "../curve/miss-ratio-curve.js";

/** All of one cache's figures, as numbers. */
export type CacheFigures = { readonly cache: string } & {
  readonly [Field in Exclude<keyof CacheStats, "cache">]-?: number;
};

/** A curve at the multiples of the memory that may be used now. */
export interface CurveFigures {
  readonly reads: number;
  readonly observedHitRatio: number;
  readonly points: readonly {
    readonly multiple: number;
    readonly bytes: number;
    readonly hitRatio: number;
  }[];
}

/** `undefined` as long as too little was read to say anything. */
export function curveFigures(curve: MissRatioCurve, boundBytes: number): CurveFigures | undefined {
  const sizes = MULTIPLES.map((multiple) => Math.round(multiple * boundBytes));
  const reading = curve.ratiosAt(sizes);
  if (reading === undefined) return undefined;
  const { reads, observedHitRatio, hitRatios } = reading;
  const points = MULTIPLES.map((multiple, index) => ({
    multiple,
    bytes: sizes[index] ?? 0,
    hitRatio: hitRatios[index] ?? 0,
  }));
  return { reads, observedHitRatio, points };
}

export function figuresOf({ name, counters, store, queue }: ConfiguredCache): CacheFigures {
  const { evictions, capacityEvictions, memoryEvictions, expirations } = store.counts;
  const { entries, bytes, unpersistedEntries } = store.counts;
  const flushes = queue?.counters;
  return {
    cache: name,
    hits: counters.hits,
    misses: counters.misses,
    negativeHits: counters.negativeHits,
    staleHits: counters.staleHits,
    servedInGrace: counters.servedInGrace,
    refreshesAhead: counters.refreshesAhead,
    loads: counters.loads,
    loadBatches: counters.loadBatches,
    loadFailures: counters.loadFailures,
    tokens: counters.tokens,
    tokenWaits: counters.tokenWaits,
    loaderFailures: counters.loaderFailures,
    sets: counters.sets,
    deletes: counters.deletes,
    evictions,
    capacityEvictions,
    memoryEvictions,
    expirations,
    entries,
    bytes,
    dirtyEntries: queue?.entries ?? 0,
    dirtyBytes: queue?.bytes ?? 0,
    oldestDirtyAgeMs: Math.round(queue?.oldestAgeMs ?? 0),
    flushedRows: flushes?.flushedRows ?? counters.writtenRows,
    flushBatches: flushes?.flushBatches ?? counters.writeBatches,
    flushRetries: flushes?.flushRetries ?? 0,
    deadLetters: flushes?.deadLetters ?? 0,
    lostWrites: counters.lostWrites,
    batchRows: queue?.batchRows ?? 0,
    slowedWrites: counters.slowedWrites,
    unpersistedEntries,
    checked: counters.checked,
    newerThanDatabase: counters.newerThanDatabase,
    staleEntries: counters.staleEntries,
  };
}
