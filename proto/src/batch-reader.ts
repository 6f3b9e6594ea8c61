/**
 * A batch as a node takes it in. Most operations are reads, or writes of a value, that say nothing more: such *plain*
 * ones cost no object, and what they say is told by tables that are used again for each batch. Every other operation
 * is an object, as `PipeCodec` reads it.
 */
import { CacheError } from "@holdfast/core";
import { emptyOperation } from "./complete.js";
import type { Batch__Output } from "./gen/holdfast/v1/Batch.js";
import type { Hello__Output } from "./gen/holdfast/v1/Hello.js";
import type { Operation__Output } from "./gen/holdfast/v1/Operation.js";
import type { PipeCodec } from "./pipe-codec.js";
import { BATCH, OPERATION } from "./pipe-tags.js";
import { copied } from "./tables.js";
import { MAX_UINT32, WireReader } from "./wire.js";

/** As many operations as clients put into a batch, unless they are told otherwise. */
const LIKELY_OPERATIONS = 1_024;

const NO_BYTES = Buffer.alloc(0);

/** No kind of plain operations has this number. */
const NOT_PLAIN = 0;

export class BatchReader {
  readonly #codec: PipeCodec;
  readonly #get: number;
  readonly #load: number;
  readonly #set: number;
  readonly #reader = new WireReader(NO_BYTES);
  /** Those that are not plain, by their places. */
  readonly #operations = new Map<number, Operation__Output>();
  /** Of plain operations; of others `NOT_PLAIN`. */
  #kinds = new Uint8Array(LIKELY_OPERATIONS);
  #bytes: Buffer = NO_BYTES;
  #count = 0;
  #most = 0;
  /** By the place of an operation in the batch; those of the last batch, as far as there are `count`. */
  ids: Float64Array = new Float64Array(LIKELY_OPERATIONS);
  readonly caches: string[] = [];
  /** Where its key is in `bytes`: from here to before there. */
  starts: Int32Array = new Int32Array(LIKELY_OPERATIONS);
  ends: Int32Array = new Int32Array(LIKELY_OPERATIONS);
  /** Of plain writes: where the value is, likewise, and how it is encoded. */
  valueStarts: Int32Array = new Int32Array(LIKELY_OPERATIONS);
  valueEnds: Int32Array = new Int32Array(LIKELY_OPERATIONS);
  encodings: Float64Array = new Float64Array(LIKELY_OPERATIONS);
  epoch = 0;
  budgetMs = 0;
  hello: Hello__Output | undefined;

  constructor(codec: PipeCodec) {
    this.#codec = codec;
    this.#get = codec.numberOfKind("GET");
    this.#load = codec.numberOfKind("LOAD");
    this.#set = codec.numberOfKind("SET");
  }

  /** The message. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Reads a batch, all of it, and forgets the one before.
   *
   * @param most - operations that it may have.
   * @throws {CacheError} `INVALID_ARGUMENT` when it has more.
   * @throws {Error} as proto-loader does, when it is none.
   */
  read(bytes: Buffer, most: number = Number.POSITIVE_INFINITY): void {
    this.clear();
    this.#most = most;
    this.#bytes = bytes;
    const reader = this.#reader;
    reader.begin(bytes);
    while (reader.hasMore) {
      const tag = reader.varint();
      if (tag === BATCH.operation) this.#readOperation(reader);
      else if (tag === BATCH.epoch) this.epoch = reader.varint();
      else if (tag === BATCH.budgetMs) this.budgetMs = reader.varintUpTo(MAX_UINT32);
      else reader.fail();
    }
    const { isSound } = reader;
    reader.begin(NO_BYTES);
    if (!isSound) this.#take(this.#codec.readBatchGenerally(bytes));
  }

  /** Lets go of the message. */
  clear(): void {
    this.#bytes = NO_BYTES;
    this.#count = 0;
    this.#operations.clear();
    this.hello = undefined;
    this.epoch = 0;
    this.budgetMs = 0;
  }

  /** Whether an operation is a GET or a LOAD of its key, or a SET with its encoding, and says nothing more. */
  isPlain(index: number): boolean {
    return this.#kinds[index] !== NOT_PLAIN;
  }

  /** Of a plain operation. */
  isSet(index: number): boolean {
    return this.#kinds[index] === this.#set;
  }

  /** The value of a plain SET, a part of the message. It costs less than a part of `bytes`. */
  value(index: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    // Within the batch, hence the casts.
    const start = this.valueStarts[index] as number;
    return new Uint8Array(buffer, byteOffset + start, (this.valueEnds[index] as number) - start);
  }

  /** An operation as an object. */
  operation(index: number): Operation__Output {
    return this.#operations.get(index) ?? this.#plain(index);
  }

  #plain(index: number): Operation__Output {
    const key = this.#bytes.subarray(this.starts[index], this.ends[index]);
    const [id = 0, cache = ""] = [this.ids[index], this.caches[index]];
    const operation: Operation__Output = { ...emptyOperation(), id, cache, key };
    if (this.isSet(index)) {
      const [encoding = 0] = [this.encodings[index]];
      const value = this.#bytes.subarray(this.valueStarts[index], this.valueEnds[index]);
      return { ...operation, kind: "SET", value, encoding };
    }
    return { ...operation, kind: this.#kinds[index] === this.#load ? "LOAD" : "GET" };
  }

  #readOperation(reader: WireReader): void {
    const { at } = reader;
    const index = this.#next();
    if (this.#readUsual(reader, index)) return;
    reader.at = at;
    if (this.#readPlain(reader, index)) return;
    reader.at = at;
    this.#keep(index, this.#codec.readOperation(reader));
  }

  /**
   * As `#readPlain`, of an operation as clients write it: all fields but the encoding are there, in the order of their
   * numbers. What it notes is noted anew where it returns `false`.
   */
  #readUsual(reader: WireReader, index: number): boolean {
    const { bytes } = reader;
    const end = reader.delimited();
    if (bytes[reader.at++] !== OPERATION.id) return false;
    this.ids[index] = reader.varint();
    if (bytes[reader.at++] !== OPERATION.kind) return false;
    const kind = reader.varint();
    this.#kinds[index] = kind;
    if (bytes[reader.at++] !== OPERATION.cache) return false;
    this.caches[index] = this.#codec.readCache(reader);
    if (bytes[reader.at++] !== OPERATION.key) return false;
    const keyEnd = reader.delimited();
    this.starts[index] = reader.at;
    this.ends[index] = keyEnd;
    reader.at = keyEnd;
    if (kind === this.#set) {
      if (!this.#readUsualValue(reader, index, end)) return false;
    } else if (kind !== this.#get && kind !== this.#load) return false;
    // Whatever was read beyond the end was not of this operation.
    return reader.at === end;
  }

  #readUsualValue(reader: WireReader, index: number, end: number): boolean {
    const { bytes } = reader;
    if (bytes[reader.at++] !== OPERATION.value) return false;
    const valueEnd = reader.delimited();
    this.valueStarts[index] = reader.at;
    this.valueEnds[index] = valueEnd;
    this.encodings[index] = 0;
    reader.at = valueEnd;
    if (valueEnd === end) return true;
    if (bytes[reader.at++] !== OPERATION.encoding) return false;
    this.encodings[index] = reader.varintUpTo(MAX_UINT32);
    return true;
  }

  /** Whether it was a plain operation, and nothing was wrong with it. */
  #readPlain(reader: WireReader, index: number): boolean {
    const end = reader.delimited();
    let id = 0;
    let kind = 0;
    let cache = "";
    let keyAt = 0;
    let keyEnd = 0;
    let valueAt = 0;
    let valueEnd = 0;
    let encoding = 0;
    while (reader.at < end) {
      switch (reader.varint()) {
        case OPERATION.id:
          id = reader.varint();
          break;
        case OPERATION.kind:
          kind = reader.varint();
          break;
        case OPERATION.cache:
          cache = this.#codec.readCache(reader);
          break;
        case OPERATION.key:
          keyEnd = reader.delimited();
          keyAt = reader.at;
          reader.at = keyEnd;
          break;
        case OPERATION.value:
          valueEnd = reader.delimited();
          valueAt = reader.at;
          reader.at = valueEnd;
          break;
        case OPERATION.encoding:
          encoding = reader.varintUpTo(MAX_UINT32);
          break;
        default:
          return false;
      }
    }
    const isRead = kind === this.#get || kind === this.#load;
    const isPlain = isRead ? valueEnd === 0 && encoding === 0 : kind === this.#set;
    if (!isPlain || reader.at !== end) return false;
    this.valueStarts[index] = valueAt;
    this.valueEnds[index] = valueEnd;
    this.encodings[index] = encoding;
    this.#kinds[index] = kind;
    this.ids[index] = id;
    this.caches[index] = cache;
    this.starts[index] = keyAt;
    this.ends[index] = keyEnd;
    return true;
  }

  #keep(index: number, operation: Operation__Output): void {
    const { id, cache, key } = operation;
    this.ids[index] = id;
    this.caches[index] = cache;
    // A key that is not a part of the message is read from the operation, and not looked up ahead.
    const at = key.buffer === this.#bytes.buffer ? key.byteOffset - this.#bytes.byteOffset : 0;
    this.starts[index] = at;
    this.ends[index] = at + (at === 0 ? 0 : key.length);
    this.#kinds[index] = NOT_PLAIN;
    this.#operations.set(index, operation);
  }

  #next(): number {
    if (this.#count === this.#most) {
      throw new CacheError("INVALID_ARGUMENT", `a batch has more than ${this.#most} operations`);
    }
    const index = this.#count++;
    if (index === this.ids.length) {
      this.ids = copied(this.ids, new Float64Array(2 * index));
      this.#kinds = copied(this.#kinds, new Uint8Array(2 * index));
      this.starts = copied(this.starts, new Int32Array(2 * index));
      this.ends = copied(this.ends, new Int32Array(2 * index));
      this.valueStarts = copied(this.valueStarts, new Int32Array(2 * index));
      this.valueEnds = copied(this.valueEnds, new Int32Array(2 * index));
      this.encodings = copied(this.encodings, new Float64Array(2 * index));
    }
    return index;
  }

  #take({ hello, epoch, budgetMs, operations }: Batch__Output): void {
    this.#count = 0;
    this.#operations.clear();
    this.hello = hello ?? undefined;
    this.epoch = epoch;
    this.budgetMs = budgetMs;
    for (const operation of operations) this.#keep(this.#next(), operation);
  }
}
