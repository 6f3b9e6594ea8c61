/**
 * A cache, as seen by one client: makes an operation of each call, sends it to the owner of its
 * key, and turns the reply into the caller's result. What each method promises is told in cache.ts.
 */
import { CacheError } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import type { Cache } from "./cache.js";
import type {
  CacheStats,
  CallOptions,
  DeleteOptions,
  FlushResult,
  LifetimeOptions,
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
import { clearEverywhere } from "./clear.js";
import type { ClientParts } from "./client-parts.js";
import type { Codec } from "./codecs.js";
import type { CompressionSettings } from "./compression.js";
import { timeoutMsOf } from "./duration.js";
import { flushEverywhere, flushKeys } from "./flush.js";
import { ManyWritesError, runMany } from "./many.js";
import { Receipt } from "./receipt.js";
import {
  deleteOperation,
  flushOperation,
  getOperation,
  incrementOperation,
  type KeyedOperation,
  readResult,
  setOperation,
  sizeOf,
  sumOf,
  touchOperation,
} from "./requests.js";
import { addStats, clusterStats } from "./stats.js";
import { type Change, updateEntry } from "./update.js";
import { warmCache } from "./warm.js";

/** How values become bytes. */
export interface ValueForm<V> {
  readonly codec: Codec<V>;
  /** `undefined`: they are not compressed. */
  readonly compression: CompressionSettings | undefined;
}

export class RoutedCache<V> implements Cache<V> {
  readonly name: string;
  readonly #codec: Codec<V>;
  readonly #compression: CompressionSettings | undefined;
  readonly #parts: ClientParts;

  constructor(name: string, { codec, compression }: ValueForm<V>, parts: ClientParts) {
    this.name = name;
    this.#codec = codec;
    this.#compression = compression;
    this.#parts = parts;
  }

  async get(key: string, options: CallOptions = {}): Promise<V | undefined> {
    return (await this.getWithMeta(key, options)).value;
  }

  async getWithMeta(key: string, options: CallOptions = {}): Promise<ReadResult<V>> {
    const reply = await this.#run(getOperation(this.name, key), options, false);
    return readResult(reply, this.#codec);
  }

  async getMany(keys: Iterable<string>, options: CallOptions = {}): Promise<Map<string, V>> {
    const { maxInFlight } = this.#parts;
    const items = new Map([...keys].map((key) => [key, undefined]));
    const { done, failures } = await runMany(items, (key) => this.get(key, options), {
      maxInFlight,
      stopEarly: true,
    });
    for (const reason of failures.values()) throw reason;
    const found = new Map<string, V>();
    for (const [key, value] of done) if (value !== undefined) found.set(key, value);
    return found;
  }

  async set(key: string, value: V, options: SetOptions = {}): Promise<WriteReceipt> {
    const operation = setOperation(this.name, key, value, this.#codec, options);
    return this.#receipt(operation, await this.#write(key, operation, options));
  }

  async setMany(
    entries: Iterable<readonly [string, V]>,
    options: WriteOptions = {},
  ): Promise<Map<string, WriteReceipt>> {
    return this.#writeMany(new Map(entries), (key, value) => this.set(key, value, options));
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<WriteReceipt> {
    const operation = deleteOperation(this.name, key, options);
    return this.#receipt(operation, await this.#write(key, operation, options));
  }

  async deleteMany(
    keys: Iterable<string>,
    options: Omit<DeleteOptions, "ifVersion"> = {},
  ): Promise<Map<string, WriteReceipt>> {
    const items = new Map([...keys].map((key) => [key, undefined]));
    return this.#writeMany(items, (key) => this.delete(key, options));
  }

  async touch(key: string, options: LifetimeOptions = {}): Promise<boolean> {
    const reply = await this.#write(key, touchOperation(this.name, key, options), options);
    return reply.version > 0;
  }

  async increment(key: string, delta = 1, options: LifetimeOptions = {}): Promise<number> {
    const operation = incrementOperation(this.name, key, delta, options);
    return sumOf(await this.#write(key, operation, options));
  }

  update(key: string, change: Change<V>, options: UpdateOptions = {}): Promise<UpdateResult<V>> {
    return updateEntry(this, key, change, options, this.#parts);
  }

  async getOrLoad<L extends V | undefined>(
    key: string,
    load: () => L | Promise<L>,
    options: WriteOptions = {},
  ): Promise<V | Extract<L, undefined>> {
    const { timeout, signal, waitForReady } = options;
    const { value, version } = await this.getWithMeta(key, { timeout, signal, waitForReady });
    if (value !== undefined) return value;
    const missed = { cache: this.name, key, version, encoding: this.#codec.encoding };
    const loading = this.#parts.loads.run(missed, (isCurrent) =>
      this.#load(key, load, { ...options, signal: undefined, ifVersion: version }, isCurrent),
    );
    // `undefined` comes out only if it is what `load` returned.
    return abortable(loading, signal) as Promise<V | Extract<L, undefined>>;
  }

  clear(options: CallOptions = {}): Promise<void> {
    return this.#checked(options, (timeoutMs) => {
      const { operations, router, clock } = this.#parts;
      const request = { cache: this.name, timeoutMs, signal: options.signal };
      return clearEverywhere(request, operations, router, clock);
    });
  }

  flush(options?: CallOptions): Promise<FlushResult>;
  flush(keys: Iterable<string>, options?: CallOptions): Promise<FlushResult>;
  async flush(
    first: CallOptions | Iterable<string> = {},
    second: CallOptions = {},
  ): Promise<FlushResult> {
    const keys = isIterable(first) ? [...first] : undefined;
    const options = isIterable(first) ? second : first;
    return this.#checked(options, (timeoutMs) => {
      const request = { cache: this.name, timeoutMs, signal: options.signal };
      if (keys === undefined) return flushEverywhere(request, this.#parts);
      const operations = keys.map((key) => [key, flushOperation(this.name, key)] as const);
      return flushKeys(new Map(operations), request, this.#parts);
    });
  }

  async warm(target: WarmTarget, options: WarmOptions = {}): Promise<WarmProgress> {
    return warmCache(this.name, target, options, this.#parts);
  }

  stats(options: CallOptions = {}): Promise<CacheStats> {
    return this.#checked(options, async (timeoutMs) => {
      const { wire, router, closing } = this.#parts;
      closing.throwIfAborted();
      const asked = clusterStats(this.name, timeoutMs, wire, router());
      return addStats(this.name, await abortable(asked, options.signal));
    });
  }

  /** Loads a missed value and stores it, unless somebody has written the key meanwhile. */
  async #load<L extends V | undefined>(
    key: string,
    load: () => L | Promise<L>,
    options: SetOptions,
    isCurrent: () => boolean,
  ): Promise<V | undefined> {
    const value: V | undefined = await load();
    if (value === undefined || !isCurrent()) return value;
    try {
      const operation = setOperation(this.name, key, value, this.#codec, options);
      await this.#run(operation, options, true);
    } catch (error) {
      if (isMisuse(error)) throw error;
      const { code } = CacheError.from(error);
      this.#parts.logger.warn({ cache: this.name, code }, "a loaded value was not stored");
    }
    return value;
  }

  #receipt(operation: KeyedOperation, reply: Reply__Output): WriteReceipt {
    return new Receipt(operation, reply, this.#parts);
  }

  async #writeMany<Item>(
    items: ReadonlyMap<string, Item>,
    write: (key: string, item: Item) => Promise<WriteReceipt>,
  ): Promise<Map<string, WriteReceipt>> {
    const { maxInFlight } = this.#parts;
    const { done, failures } = await runMany(items, write, { maxInFlight, stopEarly: false });
    if (failures.size > 0) throw new ManyWritesError(done, failures);
    return done;
  }

  async #write(
    key: string,
    operation: KeyedOperation,
    options: CallOptions,
  ): Promise<Reply__Output> {
    const { loads } = this.#parts;
    // Before and after: a load that starts while the write is on its way may read the old value.
    loads.forget(this.name, key);
    try {
      return await this.#run(operation, options, true);
    } finally {
      loads.forget(this.name, key);
    }
  }

  #run(
    operation: KeyedOperation,
    { timeout, signal, waitForReady = this.#parts.waitForReady }: CallOptions,
    isWrite: boolean,
  ): Promise<Reply__Output> {
    const { compressing, router, timeoutMs } = this.#parts;
    const request = {
      operation,
      to: { partition: router().partitionOf(operation.key) },
      isWrite,
      bytes: sizeOf(operation),
      timeoutMs: timeoutMsOf(timeout, timeoutMs),
      signal,
      failsFast: !waitForReady,
    };
    return compressing.run(request, this.#compression);
  }

  /** Refuses bad options by rejecting, as the async methods do. */
  async #checked<T>(
    { timeout, signal }: CallOptions,
    act: (timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    return act(timeoutMsOf(timeout, this.#parts.timeoutMs));
  }
}

function isIterable(value: CallOptions | Iterable<string>): value is Iterable<string> {
  // A string would be taken for its letters.
  if (typeof value === "string") {
    throw new CacheError("INVALID_ARGUMENT", "flush takes a list of keys, not a single one");
  }
  return Symbol.iterator in value;
}

/** Failures of storing a loaded value that no retry and no waiting will ever mend. */
function isMisuse(error: unknown): boolean {
  const { code } = CacheError.from(error);
  return code === "INVALID_ARGUMENT" || code === "READ_ONLY" || code === "UNKNOWN_CACHE";
}

/** As `promise`, but rejects at once when `signal` aborts; what it waited for goes on. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
