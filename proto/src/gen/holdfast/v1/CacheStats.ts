// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface CacheStats {
  'cache'?: (string);
  'hits'?: (number | string | Long);
  'misses'?: (number | string | Long);
  /**
   * Hits that said "there is no such row". Part of `hits`.
   */
  'negativeHits'?: (number | string | Long);
  /**
   * Rows asked of the database, for misses (concurrent ones of a key count once) and refreshes.
   */
  'loads'?: (number | string | Long);
  /**
   * Statements that asked for them.
   */
  'loadBatches'?: (number | string | Long);
  'loadFailures'?: (number | string | Long);
  'sets'?: (number | string | Long);
  'deletes'?: (number | string | Long);
  /**
   * Entries removed for lack of space: all, and by reason further down.
   */
  'evictions'?: (number | string | Long);
  /**
   * Entries removed because their life was over, or nobody had used them for too long.
   */
  'expirations'?: (number | string | Long);
  'entries'?: (number | string | Long);
  'bytes'?: (number | string | Long);
  /**
   * Acknowledged, not yet in the database.
   */
  'dirtyEntries'?: (number | string | Long);
  'dirtyBytes'?: (number | string | Long);
  'oldestDirtyAgeMs'?: (number | string | Long);
  'flushedRows'?: (number | string | Long);
  'flushBatches'?: (number | string | Long);
  'flushRetries'?: (number | string | Long);
  /**
   * Rows that the database refused; they are in holdfast_dead_letters.
   */
  'deadLetters'?: (number | string | Long);
  /**
   * Dirty entries that this process gave up because it had been deposed.
   */
  'lostWrites'?: (number | string | Long);
  /**
   * Most rows that are put into one statement at present; it follows the age of what is dirty.
   */
  'batchRows'?: (number | string | Long);
  /**
   * Writes that waited for the database because the queue was nearly full.
   */
  'slowedWrites'?: (number | string | Long);
  /**
   * Entries in memory whose rows the database refused: they are dead letters, and read as acknowledged.
   */
  'unpersistedEntries'?: (number | string | Long);
  /**
   * Hits on entries past their soft lifetime. Part of `hits`.
   */
  'staleHits'?: (number | string | Long);
  /**
   * Evictions because a bound of the cache itself was reached, and because the node's memory was full.
   */
  'capacityEvictions'?: (number | string | Long);
  'memoryEvictions'?: (number | string | Long);
  /**
   * Clean entries that the checker compared with their rows in the database.
   */
  'checked'?: (number | string | Long);
  /**
   * Those of them that were newer than their row, which cannot be unless rows have gone back.
   */
  'newerThanDatabase'?: (number | string | Long);
  /**
   * Those that were older than their row for longer than their cache allows.
   */
  'staleEntries'?: (number | string | Long);
  /**
   * Misses whose load failed, so that a value in grace was served. Part of `misses`.
   */
  'servedInGrace'?: (number | string | Long);
  /**
   * Fill tokens given to callers, and callers who waited for what another one was loading.
   */
  'tokens'?: (number | string | Long);
  'tokenWaits'?: (number | string | Long);
  /**
   * Loaders of callers that failed.
   */
  'loaderFailures'?: (number | string | Long);
  /**
   * Entries that were loaded anew before they were stale or had ended.
   */
  'refreshesAhead'?: (number | string | Long);
}

export interface CacheStats__Output {
  'cache': (string);
  'hits': (number);
  'misses': (number);
  /**
   * Hits that said "there is no such row". Part of `hits`.
   */
  'negativeHits': (number);
  /**
   * Rows asked of the database, for misses (concurrent ones of a key count once) and refreshes.
   */
  'loads': (number);
  /**
   * Statements that asked for them.
   */
  'loadBatches': (number);
  'loadFailures': (number);
  'sets': (number);
  'deletes': (number);
  /**
   * Entries removed for lack of space: all, and by reason further down.
   */
  'evictions': (number);
  /**
   * Entries removed because their life was over, or nobody had used them for too long.
   */
  'expirations': (number);
  'entries': (number);
  'bytes': (number);
  /**
   * Acknowledged, not yet in the database.
   */
  'dirtyEntries': (number);
  'dirtyBytes': (number);
  'oldestDirtyAgeMs': (number);
  'flushedRows': (number);
  'flushBatches': (number);
  'flushRetries': (number);
  /**
   * Rows that the database refused; they are in holdfast_dead_letters.
   */
  'deadLetters': (number);
  /**
   * Dirty entries that this process gave up because it had been deposed.
   */
  'lostWrites': (number);
  /**
   * Most rows that are put into one statement at present; it follows the age of what is dirty.
   */
  'batchRows': (number);
  /**
   * Writes that waited for the database because the queue was nearly full.
   */
  'slowedWrites': (number);
  /**
   * Entries in memory whose rows the database refused: they are dead letters, and read as acknowledged.
   */
  'unpersistedEntries': (number);
  /**
   * Hits on entries past their soft lifetime. Part of `hits`.
   */
  'staleHits': (number);
  /**
   * Evictions because a bound of the cache itself was reached, and because the node's memory was full.
   */
  'capacityEvictions': (number);
  'memoryEvictions': (number);
  /**
   * Clean entries that the checker compared with their rows in the database.
   */
  'checked': (number);
  /**
   * Those of them that were newer than their row, which cannot be unless rows have gone back.
   */
  'newerThanDatabase': (number);
  /**
   * Those that were older than their row for longer than their cache allows.
   */
  'staleEntries': (number);
  /**
   * Misses whose load failed, so that a value in grace was served. Part of `misses`.
   */
  'servedInGrace': (number);
  /**
   * Fill tokens given to callers, and callers who waited for what another one was loading.
   */
  'tokens': (number);
  'tokenWaits': (number);
  /**
   * Loaders of callers that failed.
   */
  'loaderFailures': (number);
  /**
   * Entries that were loaded anew before they were stale or had ended.
   */
  'refreshesAhead': (number);
}
