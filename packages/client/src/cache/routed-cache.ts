/**
 * A cache, as seen by one client: makes an operation of each call, sends it to the owner of its
 * key, and turns the reply into the caller's result. What each method promises is told in cache.ts.
 */
import { CacheError } from "@holdfast/core";
import type { Reply__Output, ReplyReader } from "@holdfast/proto";
import type { CallRequest, ToResult } from "../calls/call.js";
import { type KeyedOperation, PlainOperation } from "../calls/plain-operation.js";
import type { Cache } from "./cache.js";
import type {
  AckLevel,
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
import { clearEverywhere } from "./clear.js";
import type { ClientParts } from "./client-parts.js";
import { type Codec, type ValueReader, valueReader } from "./codecs.js";
import type { CompressionSettings } from "./compression.js";
import { timeoutMsOf } from "./duration.js";
import { flushEverywhere, flushKeys } from "./flush.js";
import { Loader, type LoaderParts } from "./get-or-load.js";
import type { LoadMissing } from "./loader-run.js";
import { ManyWritesError, runMany, slicesOf } from "./many.js";
import { Receipt } from "./receipt.js";
import {
  deleteOperation,
  flushOperation,
  incrementOperation,
  maxStaleMsOf,
  readResult,
  setOperation,
  sizeOf,
  sizeOfReads,
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

type CallKind = Pick<CallRequest, "isWrite" | "isOneOfMany" | "onSettled">;

// All of one shape, as those that are made are.
const READ: CallKind = { isWrite: false, isOneOfMany: false, onSettled: undefined };
const READ_OF_MANY: CallKind = { isWrite: false, isOneOfMany: true, onSettled: undefined };

export class RoutedCache<V> implements Cache<V> {
  readonly name: string;
  readonly #codec: Codec<V>;
  readonly #compression: CompressionSettings | undefined;
  readonly #parts: ClientParts;
  readonly #valueAt: ValueReader<V>;
  readonly #toReadResult = (replies: ReplyReader, index: number) =>
    readResult(replies.reply(index), this.#codec);

  constructor(name: string, { codec, compression }: ValueForm<V>, parts: ClientParts) {
    this.name = name;
    this.#codec = codec;
    this.#valueAt = valueReader(codec);
    this.#compression = compression;
    this.#parts = parts;
  }

  get(key: string, options: ReadOptions = {}): Promise<V | undefined> {
    return this.#read(key, options, this.#valueAt);
  }

  getWithMeta(key: string, options: ReadOptions = {}): Promise<ReadResult<V>> {
    return this.#read(key, options, this.#toReadResult);
  }

  async getMany(keys: Iterable<string>, options: ReadOptions = {}): Promise<Map<string, V>> {
    const found = new Map<string, V>();
    for (const slice of slicesOf([...new Set(keys)], this.#parts.maxInFlight)) {
      await this.#readSlice(slice, options, found);
    }
    return found;
  }

  /** Puts what there is of these keys into `found`. */
  async #readSlice(
    keys: readonly string[],
    options: ReadOptions,
    found: Map<string, V>,
  ): Promise<void> {
    const { compressing, clock, waitForReady } = this.#parts;
    const router = this.#parts.router();
    const timeoutMs = timeoutMsOf(options.timeout, this.#parts.timeoutMs);
    const deadlineMs = clock.monotonic() + timeoutMs;
    const keep = (index: number, value: V | undefined) => {
      if (value !== undefined) found.set(keys[index] as string, value);
    };
    const missed = await compressing.readMany({
      cache: this.name,
      maxStaleMs: maxStaleMsOf(options),
      keys,
      partitions: keys.map((key) => router.partitionOfKey(key)),
      bytes: sizeOfReads(this.name, keys),
      timeoutMs,
      signal: options.signal,
      failsFast: !(options.waitForReady ?? waitForReady),
      take: (index, replies, at) => keep(index, this.#valueAt(replies, at)),
    });
    const rest = { ...options, timeout: Math.max(1, deadlineMs - clock.monotonic()) };
    const reads = missed.map(async (index) => {
      const key = keys[index] as string;
      keep(index, await this.#read(key, rest, this.#valueAt, READ_OF_MANY));
    });
    await Promise.all(reads);
  }

  set(key: string, value: V, options: SetOptions = {}): Promise<WriteReceipt> {
    return this.#set(key, value, options, false);
  }

  async setMany(
    entries: Iterable<readonly [string, V]>,
    options: WriteOptions = {},
  ): Promise<Map<string, WriteReceipt>> {
    return this.#writeMany(new Map(entries), (key, value) => this.#set(key, value, options, true));
  }

  delete(key: string, options: DeleteOptions = {}): Promise<WriteReceipt> {
    return this.#delete(key, options, false);
  }

  async deleteMany(
    keys: Iterable<string>,
    options: Omit<DeleteOptions, "ifVersion"> = {},
  ): Promise<Map<string, WriteReceipt>> {
    const items = new Map([...keys].map((key) => [key, undefined]));
    return this.#writeMany(items, (key) => this.#delete(key, options, true));
  }

  async touch(key: string, options: LifetimeOptions = {}): Promise<boolean> {
    const operation = touchOperation(this.name, key, options);
    return (await this.#write<Reply__Output>(key, operation, options)).version > 0;
  }

  async increment(key: string, delta = 1, options: LifetimeOptions = {}): Promise<number> {
    const operation = incrementOperation(this.name, key, delta, options);
    return sumOf(await this.#write<Reply__Output>(key, operation, options));
  }

  update(key: string, change: Change<V>, options: UpdateOptions = {}): Promise<UpdateResult<V>> {
    return updateEntry(this, key, change, options, this.#parts);
  }

  async getOrLoad<L extends V | undefined>(
    key: string,
    load: () => L | Promise<L>,
    options: LoadOptions = {},
  ): Promise<V | Extract<L, undefined>> {
    const { value } = await this.getOrLoadWithMeta(key, load, options);
    // `undefined` comes out only if it is what a loader of this key returned.
    return value as V | Extract<L, undefined>;
  }

  async getOrLoadWithMeta(
    key: string,
    load: () => V | undefined | Promise<V | undefined>,
    options: LoadOptions = {},
  ): Promise<ReadResult<V>> {
    const loadOne = async (): Promise<[string, V][]> => {
      const value = await load();
      return value === undefined ? [] : [[key, value]];
    };
    return this.#loader(loadOne, options).get(key);
  }

  async getOrLoadMany(
    keys: Iterable<string>,
    loadMissing: LoadMissing<V>,
    options: LoadOptions = {},
  ): Promise<Map<string, V>> {
    return this.#loader(loadMissing, options).getMany(keys);
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
      const { wire, router, closing, aborts } = this.#parts;
      closing.throwIfAborted();
      const asked = clusterStats(this.name, timeoutMs, wire, router());
      return addStats(this.name, await aborts.leaving(asked, options.signal));
    });
  }

  #loader(loadMissing: LoadMissing<V>, options: LoadOptions): Loader<V> {
    const { waitForReady } = options;
    // Neither to ask nor to fill is a write that must not be repeated: a token is good once.
    const send: LoaderParts<V>["send"] = (operation, timeout) =>
      this.#run<Reply__Output>(operation, { timeout, waitForReady }, READ, undefined);
    const parts = { cache: this.name, codec: this.#codec, client: this.#parts, send };
    return new Loader(parts, loadMissing, options);
  }

  /** Not `async`, as reads are not. */
  #set(key: string, value: V, options: SetOptions, isOneOfMany: boolean): Promise<WriteReceipt> {
    try {
      const operation = setOperation(this.name, key, value, this.#codec, options);
      const toResult = this.#toReceipt(key, options.ack);
      return this.#write(key, operation, options, { isOneOfMany, toResult });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #delete(key: string, options: DeleteOptions, isOneOfMany: boolean): Promise<WriteReceipt> {
    const operation = deleteOperation(this.name, key, options);
    const toResult = this.#toReceipt(key, options.ack);
    return this.#write(key, operation, options, { isOneOfMany, toResult });
  }

  #toReceipt(key: string, ack: AckLevel | undefined): ToResult<WriteReceipt> {
    return (replies, index) => {
      const version = replies.version(index);
      const made = { version, degraded: replies.isDegraded(index) };
      return new Receipt({ cache: this.name, key, ack }, made, this.#parts);
    };
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

  #write<Result>(
    key: string,
    operation: KeyedOperation | PlainOperation,
    options: CallOptions,
    { isOneOfMany, toResult }: Pick<CallRequest<Result>, "isOneOfMany" | "toResult"> = {},
  ): Promise<Result> {
    const { loads } = this.#parts;
    // Before and after: a load that starts while the write is on its way may read the old value.
    const onSettled = () => loads.forget(this.name, key);
    onSettled();
    return this.#run(operation, options, { isWrite: true, isOneOfMany, onSettled }, toResult);
  }

  /** Not `async`: reads are what most services do most, and every promise on the way costs. */
  #read<Result>(
    key: string,
    options: ReadOptions,
    toResult: ToResult<Result>,
    how = READ,
  ): Promise<Result> {
    try {
      const read = PlainOperation.get(this.name, key, maxStaleMsOf(options));
      return this.#run(read, options, how, toResult);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #run<Result>(
    operation: KeyedOperation | PlainOperation,
    { timeout, signal, waitForReady = this.#parts.waitForReady }: CallOptions,
    { isWrite, isOneOfMany, onSettled }: CallKind,
    toResult: ToResult<Result> | undefined,
  ): Promise<Result> {
    const { compressing, router, timeoutMs } = this.#parts;
    const request = {
      operation,
      to:
        operation instanceof PlainOperation
          ? router().partitionOfKey(operation.key)
          : router().partitionOf(operation.key),
      bytes: sizeOf(operation),
      timeoutMs: timeoutMsOf(timeout, timeoutMs),
      signal,
      failsFast: !waitForReady,
      isWrite,
      isOneOfMany,
      toResult,
      onSettled,
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
