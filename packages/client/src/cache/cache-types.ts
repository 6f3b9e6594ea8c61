/**
 * The options that operations on a cache take, and the results that they give.
 */
import type { Duration } from "./duration.js";

/** What every operation takes. */
export interface CallOptions {
  /** Longest time to wait, retries included. Default: the client's `timeout`. */
  readonly timeout?: Duration | undefined;
  /**
   * Gives up when aborted, and rejects with the signal's reason. A write that was sent already
   * rejects with `OUTCOME_UNKNOWN` instead, the reason being its `cause`.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether to wait, until the `timeout`, for an owner that can be used: a takeover after the death of a
   * node lasts a few seconds. If false, the operation fails with `UNAVAILABLE` as soon as it is certain
   * that there is none now, after one more try; with a connection that has to be made first, that can take
   * two seconds. Default: the client's `waitForReady`. Without effect on what concerns a whole cache.
   */
  readonly waitForReady?: boolean | undefined;
}

export interface ReadOptions extends CallOptions {
  /**
   * Takes a value as missing that has been past its cache's `softTtl`, or where there is none past its `ttl`, for so
   * long; 0: every stale one. Default: stale values are read until their `ttl` ends, and while loading them fails
   * until their cache's `grace` is over.
   */
  readonly maxStale?: Duration | undefined;
}

/**
 * What an acknowledged write survives: `"memory"` nothing but an orderly stop; `"journal"` the death of
 * the owner's process, once it runs again on its disk; `"backup"` the loss of all but one of those who
 * have it; `"journal+backup"` either; `"database"` all of that, because the database has it. A
 * write-behind cache takes all of these. So does a write-through cache, whose writes are in the database
 * in any case. A cache-aside cache takes `"memory"` only.
 */
export type AckLevel = "memory" | "journal" | "backup" | "journal+backup" | "database";

export interface LifetimeOptions extends CallOptions {
  /**
   * Lifetime of the entry, counted from its acceptance by the owner. 0: for ever. Default: the
   * cache's own. Parts of a millisecond are rounded up.
   */
  readonly ttl?: Duration | undefined;
}

export interface WriteOptions extends LifetimeOptions {
  /**
   * From which age on the entry is stale: served, marked as such, while it is loaded anew. 0: never. It goes with this
   * value: what the cache's source is asked for again has the cache's. Default: the cache's `softTtl`.
   */
  readonly softTtl?: Duration | undefined;
  /**
   * Raises what the acknowledgement of this write stands for: see `AckLevel`. Never lowers it.
   * Default: what the cache is configured to.
   */
  readonly ack?: AckLevel | undefined;
}

export interface LoadOptions extends WriteOptions {
  /** As in `ReadOptions`. */
  readonly maxStale?: Duration | undefined;
  /**
   * For how long it is remembered, in the whole cluster, that the loader found nothing: `getOrLoad` then
   * returns `undefined` without running any. 0: not at all. Default: 0.
   */
  readonly negativeTtl?: Duration | undefined;
}

export interface SetOptions extends WriteOptions {
  /** Write only if the entry has this version; 0: only if there is none. Default: always. */
  readonly ifVersion?: number | undefined;
  /** Write only if there is no entry: the same as `ifVersion: 0`. Default: false. */
  readonly ifAbsent?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Delete only if the entry has this version. Default: always. */
  readonly ifVersion?: number | undefined;
  /** As in `WriteOptions`. */
  readonly ack?: AckLevel | undefined;
}

export interface UpdateOptions extends WriteOptions {
  /** How often to begin again when somebody else was faster. Default: 10. */
  readonly retries?: number | undefined;
}

/** A read, with what the cluster knows about the value. */
export interface ReadResult<V> {
  /** `undefined`: there is no entry. */
  readonly value: V | undefined;
  /** For `ifVersion`. 0: absent, and never written as far as the owner knows; or loaded, and not stored. */
  readonly version: number;
  /**
   * Where the value came from: the owner's memory; the database, which the owner has just asked; a caller's loader,
   * this one's or another's, that has just run (`getOrLoadWithMeta`). `"none"`: there is no value.
   */
  readonly source: "memory" | "database" | "loader" | "none";
  /** Milliseconds since the value was written or loaded. */
  readonly ageMs: number;
  /**
   * The value is past its cache's `softTtl`: the database may have a newer one. It is being loaded anew, or that has
   * failed and is tried again later. Or it is even past its `ttl` (`ttlLeftMs` is 0), and loading it has failed: so
   * it is served until the cache's `grace` is over.
   */
  readonly stale: boolean;
  /**
   * Milliseconds until the entry's lifetime is over. `undefined`: it has none, or was not stored. In a cache with
   * `maxIdle` it ends earlier if nobody reads or writes it.
   */
  readonly ttlLeftMs: number | undefined;
  /**
   * The newest write of the key, a deletion maybe, was acknowledged, and then the database refused it: it is
   * among the dead letters, and the key's row says something else (write-behind).
   */
  readonly unpersisted: boolean;
}

export interface WriteReceipt {
  /** The version that the write has given to the key. */
  readonly version: number;
  /**
   * No backup was in sync: the write is in the owner's journal alone, although its level asks for a
   * backup.
   */
  readonly degraded: boolean;

  /**
   * Waits until the database has this write, or a later one of its key, whoever owns the key by then.
   * Resolves at once where the write is in the database already.
   *
   * @throws {CacheError}
   *   - `DEAD_LETTER`: the database refuses the row, or that of the later write in its place; it is
   *     among the dead letters. Unless the write itself failed with this code, reads show it as
   *     `unpersisted` for now.
   *   - `WRITE_LOST`: the owner died before the write was anywhere else. Only at level `"memory"`. A
   *     journal that comes back late may still bring it.
   *   - `DEADLINE_EXCEEDED`: not yet. The write stays what it was; ask again.
   *   - `INVALID_ARGUMENT`: the cache writes to no database.
   *
   * @example
   * ```ts
   * const receipt = await orders.set("42", order);
   * await receipt.persisted({ timeout: "30s" });
   * ```
   */
  persisted(options?: CallOptions): Promise<void>;
}

/**
 * What a flush has come to: `"persisted"`, nothing of the key is dirty any more; `"refused"`, the
 * database refuses it, and it is a dead letter now; `"dirty"`, time was over before.
 */
export type FlushOutcome = "persisted" | "refused" | "dirty";

export interface FlushResult {
  /** Of a flush of keys: how many of them. Of a whole cache: how many dirty writes. */
  readonly persisted: number;
  readonly refused: number;
  readonly dirty: number;
  /**
   * Of a flush of keys: what became of each. Of a whole cache: those refused or still dirty, of each
   * node and kind a thousand at most.
   */
  readonly keys: ReadonlyMap<string, FlushOutcome>;
}

export interface UpdateResult<V> extends WriteReceipt {
  /** What the key holds now. `undefined`: nothing. */
  readonly value: V | undefined;
}

export interface WarmProgress {
  /** Keys to look at, as far as known. */
  readonly total: number;
  /** Loaded now, or in memory already. */
  readonly loaded: number;
  /** Keys without a row. */
  readonly absent: number;
  /** Left out because the cache is full. */
  readonly skipped: number;
  readonly failed: number;
}

export interface WarmOptions {
  /** Told every step, with the figures so far. */
  readonly onProgress?: ((progress: WarmProgress) => void) | undefined;
  /** Stops warming when aborted, and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Which entries to load: these keys, or those that a query of the cache's configuration yields. */
export type WarmTarget =
  | Iterable<string>
  | {
      /** The name of the query in the cache's configuration. */
      readonly query: string;
      /** Most keys to take from it. Default: all. */
      readonly limit?: number | undefined;
    };

/**
 * Figures of one cache. The counters begin at 0 when a node starts; `entries`, `bytes`, and those
 * of dirty and unpersisted entries, say how it is at this moment.
 */
export interface CacheCounters {
  /** Reads answered from memory. */
  readonly hits: number;
  /** Reads that found nothing in memory. */
  readonly misses: number;
  /** Hits on the remembered absence of a row. Part of `hits`. */
  readonly negativeHits: number;
  /** Hits on entries past their cache's `softTtl`. Part of `hits`. */
  readonly staleHits: number;
  /** Misses whose load failed, so that a value in its cache's `grace` was served. Part of `misses`. */
  readonly servedInGrace: number;
  /** Entries that were loaded anew before they were stale or had ended: see the cache's `refreshAhead`. */
  readonly refreshesAhead: number;
  /** Keys asked of the database, for misses (those of one key at one time ask once) and refreshes. */
  readonly loads: number;
  /** Statements that asked for them. */
  readonly loadBatches: number;
  /** Keys that could not be loaded. */
  readonly loadFailures: number;
  /** Times a caller of `getOrLoad` was told to run its loader. */
  readonly tokens: number;
  /** Times one waited for the loader of another. */
  readonly tokenWaits: number;
  /** Those of these loaders that failed. */
  readonly loaderFailures: number;
  /** Sets asked for, refused ones included; `increment` and `touch` do not count. */
  readonly sets: number;
  /** Deletes asked for, refused ones included. */
  readonly deletes: number;
  /** Entries removed for lack of space: the sum of the next two. */
  readonly evictions: number;
  /** Because the cache had reached its own `maxBytes` or `maxEntries`. */
  readonly capacityEvictions: number;
  /** Because the node's memory, which all caches share, was full. */
  readonly memoryEvictions: number;
  /** Entries removed because their lifetime was over, or nobody had used them for `maxIdle`. */
  readonly expirations: number;
  /** Entries in memory. */
  readonly entries: number;
  /** Memory that they take, with overhead. */
  readonly bytes: number;
  /** Entries whose write was acknowledged and is not in the database yet (write-behind). */
  readonly dirtyEntries: number;
  /** Memory that they take. */
  readonly dirtyBytes: number;
  /** Milliseconds since the oldest of them was written. In sums: the highest of all nodes. */
  readonly oldestDirtyAgeMs: number;
  /** Rows written to the database. */
  readonly flushedRows: number;
  /** Statements that wrote them. */
  readonly flushBatches: number;
  /** Statements that had to be repeated (write-behind). */
  readonly flushRetries: number;
  /** Rows that the database refused; they are in its table `holdfast_dead_letters`. */
  readonly deadLetters: number;
  /** Acknowledged writes that a node gave up because another one had been made owner. */
  readonly lostWrites: number;
  /** Most rows that are put into one statement at present. In sums: the highest of all nodes. */
  readonly batchRows: number;
  /** Writes that waited for the database because the queue was nearly full (write-behind). */
  readonly slowedWrites: number;
  /** Entries in memory whose rows the database refused; reads of them say `unpersisted`. */
  readonly unpersistedEntries: number;
  /** Entries that nodes compared with their rows in the database, in the background. */
  readonly checked: number;
  /** Those that were newer than their row: rows in the database have gone back. */
  readonly newerThanDatabase: number;
  /** Those that were older than their row for longer than their cache allows. */
  readonly staleEntries: number;
}

/** The counters of one cache, summed over the nodes. */
export interface CacheStats extends CacheCounters {
  readonly cache: string;
  /** The part of the reads that was answered from memory; 0 as long as there were none. */
  readonly hitRatio: number;
  /** How many nodes are in the sums. */
  readonly nodes: number;
  /** Ids of nodes that did not answer; their counters are missing from the sums. */
  readonly unreachable: readonly string[];
}
