/** What a cache has done since the node started: plain numbers, exported by ops/metrics.ts. */

export interface CacheCounters {
  hits: number;
  misses: number;
  /** Hits that said "there is no such row"; part of `hits`. */
  negativeHits: number;
  /** Hits on an entry past its soft lifetime; part of `hits`. */
  staleHits: number;
  /** Misses whose load failed, so that a value past its lifetime was served; part of `misses`. */
  servedInGrace: number;
  /** Entries that were loaded anew, by their owner or a caller, before they were stale or had ended. */
  refreshesAhead: number;
  /** Keys asked of the database, for misses (concurrent ones of a key count once) and refreshes. */
  loads: number;
  /** Statements that asked for them. */
  loadBatches: number;
  loadFailures: number;
  /** Fill tokens given to callers, for what was missing or stale. */
  tokens: number;
  /** Callers who waited for what somebody else was loading. */
  tokenWaits: number;
  /** Loaders of callers that failed. */
  loaderFailures: number;
  sets: number;
  deletes: number;
  /** Rows and statements of write-through. */
  writtenRows: number;
  writeBatches: number;
  /** Dirty entries given up because another node had been made owner. */
  lostWrites: number;
  /** Writes that waited for the database because the queue was nearly full. */
  slowedWrites: number;
  /** Entries that the checker compared with their rows. */
  checked: number;
  /** Those that were newer than their row. */
  newerThanDatabase: number;
  /** Those that were older than their row for longer than their cache allows. */
  staleEntries: number;
}

export function createCounters(): CacheCounters {
  return {
    hits: 0,
    misses: 0,
    negativeHits: 0,
    staleHits: 0,
    servedInGrace: 0,
    refreshesAhead: 0,
    loads: 0,
    loadBatches: 0,
    loadFailures: 0,
    tokens: 0,
    tokenWaits: 0,
    loaderFailures: 0,
    sets: 0,
    deletes: 0,
    writtenRows: 0,
    writeBatches: 0,
    lostWrites: 0,
    slowedWrites: 0,
    checked: 0,
    newerThanDatabase: 0,
    staleEntries: 0,
  };
}
