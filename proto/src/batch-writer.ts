/**
 * The operations of a client on their way into a message. Reads, and writes of a value, which most operations are, are
 * written from their key as text; every other operation is an object, as `PipeCodec` writes it.
 */
import { viewOf } from "@holdfast/core";
import type { Operation } from "./gen/holdfast/v1/Operation.js";
import type { PipeCodec } from "./pipe-codec.js";
import { BATCH, OPERATION } from "./pipe-tags.js";
import { WireWriter } from "./wire.js";

/** Room for the batches of small operations; others take memory of their own. */
const BUFFER_BYTES = 64 * 1024;

/** What an operation takes here beside its cache, key and value: five numbers and lengths with their tags. */
const FIELD_BYTES = 48;

/** What reads may have in common. */
export interface ReadTerms {
  readonly cache: string;
  /** How stale a value may be; `undefined`: the node does not mind. */
  readonly maxStaleMs: number | undefined;
}

/** A SET that says nothing more. */
export interface PlainSet {
  readonly cache: string;
  /** Well-formed. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly encoding: number;
}

export class BatchWriter {
  readonly #codec: PipeCodec;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #writer: WireWriter = new WireWriter(this.#buffer);
  readonly #reads: Heading;
  readonly #writes: Heading;

  constructor(codec: PipeCodec) {
    this.#codec = codec;
    this.#reads = new Heading(codec.numberOfKind("GET"));
    this.#writes = new Heading(codec.numberOfKind("SET"));
  }

  /** Begins a message, and forgets what was written and not taken. */
  begin(epoch: number, budgetMs: number): void {
    this.#writer.begin(this.#buffer);
    this.#writer.number(BATCH.epoch, epoch);
    this.#writer.number(BATCH.budgetMs, budgetMs);
  }

  /**
   * A GET.
   *
   * @param key - well-formed.
   * @param budgetMs - `undefined`: the batch's.
   */
  get(id: number, key: string, terms: ReadTerms, budgetMs: number | undefined): void {
    const { cache, maxStaleMs } = terms;
    const writer = this.#writer;
    // As long as the key is ASCII.
    const likelyBytes = FIELD_BYTES + cache.length + key.length;
    const start = writer.beginMessage(BATCH.operation, likelyBytes);
    this.#reads.writeTo(writer, id, cache);
    writer.text(OPERATION.key, key);
    writer.optionalNumber(OPERATION.maxStaleMs, maxStaleMs);
    writer.optionalNumber(OPERATION.budgetMs, budgetMs);
    writer.endMessage(start, likelyBytes);
  }

  /** @param budgetMs - `undefined`: the batch's. */
  set(id: number, { cache, key, value, encoding }: PlainSet, budgetMs: number | undefined): void {
    const writer = this.#writer;
    const likelyBytes = FIELD_BYTES + cache.length + key.length + value.length;
    const start = writer.beginMessage(BATCH.operation, likelyBytes);
    this.#writes.writeTo(writer, id, cache);
    writer.text(OPERATION.key, key);
    writer.optionalBytes(OPERATION.value, value);
    writer.number(OPERATION.encoding, encoding);
    writer.optionalNumber(OPERATION.budgetMs, budgetMs);
    writer.endMessage(start, likelyBytes);
  }

  /** Any operation, under this number and with this budget, whatever it says of them itself. */
  operation(id: number, operation: Operation, budgetMs: number | undefined): void {
    this.#codec.writeOperation(this.#writer, operation, id, budgetMs);
  }

  /** The message, which ends here. */
  take(): Buffer {
    const { written } = this.#writer;
    return written.buffer === this.#buffer.buffer ? Buffer.from(written) : written;
  }
}

/** How operations of one kind begin. */
class Heading {
  readonly #kind: number;
  /** The cache that was named last: it is nearly always the same. */
  #cache: string | undefined;
  /** The fields of kind and cache. */
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = viewOf(this.#bytes);

  constructor(kind: number) {
    this.#kind = kind;
  }

  writeTo(writer: WireWriter, id: number, cache: string): void {
    if (cache !== this.#cache) this.#name(cache);
    const bytes = this.#bytes;
    writer.reserve(FIELD_BYTES + bytes.length);
    writer.rawPair(OPERATION.id, id);
    writer.rawBytes(bytes, this.#view, 0, bytes.length);
  }

  #name(cache: string): void {
    const writer = new WireWriter(Buffer.allocUnsafe(FIELD_BYTES + 3 * cache.length));
    writer.rawPair(OPERATION.kind, this.#kind);
    writer.text(OPERATION.cache, cache);
    this.#cache = cache;
    this.#bytes = writer.written;
    this.#view = viewOf(this.#bytes);
  }
}
