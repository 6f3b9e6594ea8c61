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
}

export interface ReadOptions extends CallOptions {
  /** Accept an entry that is past its freshness by this many milliseconds. Default: 0. */
  readonly maxStaleMs?: number | undefined;
}

/** What an acknowledged write has survived; see the cache's configuration for its default. */
export type AckLevel = "memory" | "journal" | "backup" | "journal+backup" | "database";

export interface LifetimeOptions extends CallOptions {
  /**
   * Lifetime of the entry, counted from its acceptance by the owner. 0: for ever. Default: the
   * cache's own. Parts of a millisecond are rounded up.
   */
  readonly ttl?: Duration | undefined;
}

export interface WriteOptions extends LifetimeOptions {
  /** Raises what the acknowledgement of this write stands for. Default: the cache's own level. */
  readonly ack?: AckLevel | undefined;
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
  /** For `ifVersion`. 0: absent, and never written as far as the owner knows. */
  readonly version: number;
  /** Where the owner had the value from. `"none"`: there is no value. */
  readonly source: "memory" | "database" | "none";
  /** Milliseconds since the value was written or loaded. */
  readonly ageMs: number;
  /** The value is past its freshness; a newer one is being loaded. */
  readonly stale: boolean;
  /** Milliseconds until the entry expires. `undefined`: never. */
  readonly ttlLeftMs: number | undefined;
}

export interface WriteReceipt {
  /** The version that the write has given to the key. */
  readonly version: number;
  /** The write was acknowledged with fewer copies than its level asks for. */
  readonly degraded: boolean;
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
 * Counters of one cache, summed over the nodes since each started. `oldestDirtyAgeMs` is the
 * highest of them. What each counts is told in the contract's `CacheStats` message.
 */
export interface CacheCounters {
  readonly hits: number;
  readonly misses: number;
  readonly negativeHits: number;
  readonly loads: number;
  readonly loadBatches: number;
  readonly loadFailures: number;
  readonly sets: number;
  readonly deletes: number;
  readonly evictions: number;
  readonly expirations: number;
  readonly entries: number;
  readonly bytes: number;
  readonly dirtyEntries: number;
  readonly dirtyBytes: number;
  readonly oldestDirtyAgeMs: number;
  readonly flushedRows: number;
  readonly flushBatches: number;
  readonly flushRetries: number;
  readonly deadLetters: number;
  readonly lostWrites: number;
}

export interface CacheStats extends CacheCounters {
  readonly cache: string;
  /** How many nodes are in the sums. */
  readonly nodes: number;
  /** Ids of nodes that did not answer; their counters are missing from the sums. */
  readonly unreachable: readonly string[];
}
