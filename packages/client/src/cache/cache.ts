/**
 * The public face of one cache: what can be done with it, and what each operation promises. How it
 * is done is in routed-cache.ts and the files that it uses.
 */
import type {
  CacheStats,
  CallOptions,
  DeleteOptions,
  FlushResult,
  LifetimeOptions,
  LoadOptions,
  ReadOptions,
  ReadResult,
  SetOptions,
  UpdateOptions,
  UpdateResult,
  WarmOptions,
  WarmProgress,
  WarmTarget,
  WriteOptions,
  WriteReceipt,
} from "./cache-types.js";
import type { LoadMissing } from "./loader-run.js";

/**
 * A handle on one cache of the cluster. Cheap to make; it holds nothing open.
 *
 * Keys have 1 to 512 bytes of well-formed UTF-8. Errors are `CacheError`s; these codes can come
 * from every operation and are not repeated below:
 *
 *   - `INVALID_ARGUMENT`: the key or an option is out of range, or the value stored under the key
 *     was written with another codec. Nothing was written.
 *   - `UNKNOWN_CACHE`: the cluster has no cache of this name. Nothing was written.
 *   - `OVERLOADED`: the client has too much in flight (`maxInFlight`). Nothing was written.
 *   - `DEADLINE_EXCEEDED`: the time was over before the operation was executed; `cause` is the
 *     last failure that was retried, such as `UNAVAILABLE`, `NOT_OWNER` or a node's `OVERLOADED`.
 *     Nothing was written.
 *   - `CLOSED`: the client is closed. Nothing was written.
 *   - `INTERNAL`: a defect; see the log of the node.
 *
 * And from every operation that writes:
 *
 *   - `OUTCOME_UNKNOWN`: the write was sent and not answered, so it may have happened, or may yet
 *     happen. It is not sent again: reading the key tells.
 *   - `READ_ONLY`: the cache's pattern takes no writes. Nothing was written.
 *
 * Operations that the caller awaits one after another happen in that order. Operations in flight
 * together may happen in any order.
 */
export interface Cache<V> {
  readonly name: string;

  /**
   * Reads a value. In caches with a source a miss is loaded from the database by the owner, once
   * for however many callers.
   *
   * @returns `undefined` when there is no entry.
   * @throws {CacheError}
   *   - `INVALID_ARGUMENT`, from everything that reads a value: the one that is stored is damaged, or
   *     compressed in a way that this version of the client or of Node.js does not know.
   *   - `VALUE_TOO_LARGE`: decompressed it would have more than 4 MiB.
   *
   * @example
   * ```ts
   * const product = await products.get("42");
   * ```
   */
  get(key: string, options?: ReadOptions): Promise<V | undefined>;

  /** Reads a value with its version, age and origin. */
  getWithMeta(key: string, options?: ReadOptions): Promise<ReadResult<V>>;

  /**
   * Reads many values, with one message to each owner. The values are not one snapshot.
   *
   * @returns The entries that exist; a key without one is not in the map.
   * @throws {CacheError} the first error when any key could not be read.
   */
  getMany(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, V>>;

  /**
   * Stores a value. Resolves when the write has reached the level that the cache, or `ack`, asks
   * for.
   *
   * @param value - Encoded and compressed, at most what the cache allows (1 MiB by default); encoded,
   *   never above 4 MiB. A `Uint8Array` must stay as it is until the write has been answered.
   * @throws {CacheError}
   *   - `VALUE_TOO_LARGE`: nothing was written.
   *   - `VERSION_CONFLICT`: the entry is not as `ifVersion` or `ifAbsent` asks; nothing was written.
   *   - `DEAD_LETTER`: the database, which was to be waited for, refuses the row; it was put aside.
   *
   * @example
   * ```ts
   * const { version } = await products.set("42", laptop, { ttl: "5m" });
   * await products.set("42", cheaper, { ifVersion: version });
   * ```
   */
  set(key: string, value: V, options?: SetOptions): Promise<WriteReceipt>;

  /**
   * Stores many values. Each write stands alone: some may happen and others fail.
   *
   * @param entries - A map, or pairs of key and value. Of equal keys the last one counts.
   * @returns A receipt for each key.
   * @throws {ManyWritesError} when any write failed. It has the receipts of those that happened
   *   and the error of each other; its code is `OUTCOME_UNKNOWN` if that is among them, else the
   *   first one's.
   */
  setMany(
    entries: Iterable<readonly [string, V]>,
    options?: WriteOptions,
  ): Promise<Map<string, WriteReceipt>>;

  /**
   * Deletes a value, also from the cache's database; in a read-through cache, drops the cached
   * copy. Deleting what is absent succeeds.
   *
   * @throws {CacheError} `VERSION_CONFLICT`: the entry has another version; nothing was deleted.
   */
  delete(key: string, options?: DeleteOptions): Promise<WriteReceipt>;

  /**
   * Deletes many values. Each stands alone, as in `setMany`.
   *
   * @throws {ManyWritesError} as `setMany`.
   */
  deleteMany(
    keys: Iterable<string>,
    options?: Omit<DeleteOptions, "ifVersion">,
  ): Promise<Map<string, WriteReceipt>>;

  /**
   * Gives an entry a new lifetime, counted from now.
   *
   * @returns whether there was an entry.
   */
  touch(key: string, options?: LifetimeOptions): Promise<boolean>;

  /**
   * Adds to an integer in one step at its owner; an absent key counts as 0. The entry is then
   * readable by the `json` codec.
   *
   * @param delta - A safe integer. Default: 1.
   * @returns the sum.
   * @throws {CacheError} `INVALID_ARGUMENT` when the entry is not an integer; nothing was written.
   */
  increment(key: string, delta?: number, options?: LifetimeOptions): Promise<number>;

  /**
   * Reads a value, lets `change` make a new one, and writes it if nobody else has written
   * meanwhile; otherwise begins again with what they wrote. No change of another caller is lost.
   *
   * The `timeout` is that of each read and write. An entry gets a new lifetime.
   *
   * @param change - Gets the present value, `undefined` if there is none. Returning `undefined`
   *   deletes. It may run several times.
   * @returns the value that was written and its version.
   * @throws what `change` throws; nothing was written then.
   * @throws {CacheError} `VERSION_CONFLICT` when others were faster `retries` times in a row;
   *   nothing was written.
   *
   * @example
   * ```ts
   * await products.update("42", (p) => p && { ...p, stock: p.stock - 1 });
   * ```
   */
  update(
    key: string,
    change: (value: V | undefined) => V | undefined | Promise<V | undefined>,
    options?: UpdateOptions,
  ): Promise<UpdateResult<V>>;

  /**
   * Reads a value; when there is none, runs `load`, stores its result and returns it. For caches
   * whose application reads the database itself. In caches with a source, `load` is for what the source
   * does not have.
   *
   * Of all callers in the cluster that miss a key, one runs its `load`; the others wait at the key's
   * owner and get what it returns. If the process that runs it dies, or stands still for two seconds,
   * another one runs its own.
   *
   * A value past its cache's `softTtl` is returned at once, to everybody; one caller in the cluster runs
   * his `load` meanwhile, unless the cache has a source, which is asked then. If that fails, the logger is told, and
   * the value is returned further on, until its `ttl` ends. Past that `load` is waited for, and if it throws, takes too
   * long or may not be tried yet, the value is still returned until the cache's `grace` is over. See `maxStale`.
   *
   * What is loaded never replaces what happened later: if anybody sets, deletes or clears the key after
   * `load` began, its result is not stored. So an application that changes its database and then sets or
   * deletes the key never finds an older value in the cache. Nor does any caller get what was there
   * before his call.
   *
   * The loaded value is returned also when it was not stored: because of that, or because the cluster is
   * out of reach or overloaded, or the value is too large; of these the logger is told. The `timeout` is
   * that of waiting for the owner, and for other callers' `load`; the own `load` may take any time. A caller
   * whose `signal` aborts leaves, and `load` goes on for the others.
   *
   * @param load - Returning `undefined` stores nothing, unless `negativeTtl` says so, and ends a stale value. All
   *   loaders of a key should agree.
   * @throws what `load` throws, if nothing is in grace.
   * @throws {CacheError} likewise
   *   - `LOAD_FAILED`: the `load` of another caller threw, now or a moment ago. For 0.1 s after a failure
   *     nobody tries again, after several in a row for up to 5 s.
   *   - `DEADLINE_EXCEEDED`: another caller's `load` took longer than the `timeout`.
   *   - `OVERLOADED` when `maxInFlight` loads are running.
   *   - `READ_ONLY`, `INVALID_ARGUMENT`: what was loaded can never be stored.
   *
   * @example
   * ```ts
   * const product = await products.getOrLoad("42", () => database.product("42"), { ttl: "5m" });
   * ```
   */
  getOrLoad<L extends V | undefined>(
    key: string,
    load: () => L | Promise<L>,
    options?: LoadOptions,
  ): Promise<V | Extract<L, undefined>>;

  /** As `getOrLoad`, with version, age and origin: `"loader"`, where a `load` has made the value just now. */
  getOrLoadWithMeta(
    key: string,
    load: () => V | undefined | Promise<V | undefined>,
    options?: LoadOptions,
  ): Promise<ReadResult<V>>;

  /**
   * As `getOrLoad`, of many keys, with one message to each owner and one run of `loadMissing`: for those that
   * are missing and that nobody else is loading. For the others it waits; only if their loader dies or
   * returns its task, or an owner takes more than half a second to answer or cannot be reached, `loadMissing`
   * runs again, for the keys concerned. More than 2,000 keys are taken in slices of that.
   *
   * @param loadMissing - Returns what it finds, as a map or as pairs of key and value; a key that is left out
   *   is as one whose `load` returns `undefined`.
   * @returns The values that exist.
   * @throws as `getOrLoad`: the first error of any key.
   *
   * @example
   * ```ts
   * const found = await products.getOrLoadMany(ids, (missing) => database.products(missing));
   * ```
   */
  getOrLoadMany(
    keys: Iterable<string>,
    loadMissing: LoadMissing<V>,
    options?: LoadOptions,
  ): Promise<Map<string, V>>;

  /**
   * Drops the cached entries of this cache on every node. Rows in the database stay; entries that
   * are not yet in the database are written there first. Not one step for all nodes together.
   */
  clear(options?: CallOptions): Promise<void>;

  /**
   * Loads entries from the cache's source ahead of their first read, at a bounded rate, without
   * displacing what is in the cache. There is no time limit: use `signal`.
   *
   * @returns the final figures.
   * @throws {CacheError} `UNAVAILABLE` when no node could finish it; what was loaded stays.
   *
   * @example
   * ```ts
   * await products.warm({ query: "bestsellers", limit: 10_000 }, { onProgress: console.log });
   * ```
   */
  warm(target: WarmTarget, options?: WarmOptions): Promise<WarmProgress>;

  /**
   * Sends acknowledged writes that are not in the database yet there now, and waits for that: those of
   * some keys, or all that there are. What is written meanwhile is not waited for, nor what only the
   * journal of a node that is away has. In a write-through cache there is nothing to do.
   *
   * @returns what was persisted, what the database refuses, and what is still dirty when the time is
   *   over; the latter is sent later, as without this.
   * @throws {CacheError} `INVALID_ARGUMENT` when the cache writes to no database.
   *
   * @example
   * ```ts
   * const { dirty, refused } = await orders.flush({ timeout: "1m" });
   * ```
   */
  flush(options?: CallOptions): Promise<FlushResult>;
  flush(keys: Iterable<string>, options?: CallOptions): Promise<FlushResult>;

  /**
   * Adds up the counters of this cache over all nodes. Nodes that do not answer are named in the
   * result.
   *
   * @throws {CacheError} `UNAVAILABLE` when no node answered.
   */
  stats(options?: CallOptions): Promise<CacheStats>;
}
