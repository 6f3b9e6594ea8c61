/**
 * The operations of a client on their way into a message. Reads, which most operations are, are written from their key
 * as text; every other operation is an object, as `PipeCodec` writes it.
 */
import { viewOf } from "@holdfast/core";
import type { Operation } from "./gen/holdfast/v1/Operation.js";
import type { PipeCodec } from "./pipe-codec.js";
import { BATCH, OPERATION } from "./pipe-tags.js";
import { WireWriter } from "./wire.js";

/** Room for the batches of small operations; others take memory of their own. */
const BUFFER_BYTES = 64 * 1024;

/** What a read takes beside its cache and key: four numbers with their tags. */
const READ_BYTES = 40;

/** What reads may have in common. */
export interface ReadTerms {
  readonly cache: string;
  /** How stale a value may be; `undefined`: the node does not mind. */
  readonly maxStaleMs: number | undefined;
}

export class BatchWriter {
  readonly #codec: PipeCodec;
  readonly #get: number;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #writer: WireWriter = new WireWriter(this.#buffer);
  /** The cache that was read from last, and what all reads from it have in common. */
  #cache: string | undefined;
  #common: Buffer = Buffer.alloc(0);
  #commonView: DataView = viewOf(this.#common);

  constructor(codec: PipeCodec) {
    this.#codec = codec;
    this.#get = codec.numberOfKind("GET");
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
    if (cache !== this.#cache) this.#begin(cache);
    const common = this.#common;
    // As long as the key is ASCII.
    const likelyBytes = READ_BYTES + common.length + key.length;
    writer.reserve(likelyBytes);
    const start = writer.beginMessage(BATCH.operation, likelyBytes);
    writer.rawPair(OPERATION.id, id);
    writer.rawBytes(common, this.#commonView, 0, common.length);
    writer.text(OPERATION.key, key);
    writer.optionalNumber(OPERATION.maxStaleMs, maxStaleMs);
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

  /** From now on reads are of this cache. */
  #begin(cache: string): void {
    const writer = new WireWriter(Buffer.allocUnsafe(READ_BYTES + 3 * cache.length));
    writer.rawPair(OPERATION.kind, this.#get);
    writer.text(OPERATION.cache, cache);
    this.#cache = cache;
    this.#common = writer.written;
    this.#commonView = viewOf(this.#common);
  }
}
