/** The node's counters as its Stats call and its metrics show them. */
import type { CacheStats } from "@holdfast/proto";
import type { ConfiguredCache } from "../cache/configured-cache.js";

/** All of one cache's figures, as numbers. */
export type CacheFigures = { readonly cache: string } & {
  readonly [Field in Exclude<keyof CacheStats, "cache">]-?: number;
};

export function figuresOf({ name, counters, store, queue }: ConfiguredCache): CacheFigures {
  const { evictions, expirations, entries, bytes, unpersistedEntries } = store.counts;
  const flushes = queue?.counters;
  return {
    cache: name,
    hits: counters.hits,
    misses: counters.misses,
    negativeHits: counters.negativeHits,
    loads: counters.loads,
    loadBatches: counters.loadBatches,
    loadFailures: counters.loadFailures,
    sets: counters.sets,
    deletes: counters.deletes,
    evictions,
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
