/**
 * What most operations are, reads of what is in memory and writes that memory alone must have: from the bytes of a batch
 * to the bytes of its replies, without an object on the way. Whatever there is more to do or to say about is left to
 * `Operations`; the answers are the same.
 */
import { type Clock, type Placement, partitionOfHash, viewOf } from "@holdfast/core";
import type { BatchReader, ReplyWriter } from "@holdfast/proto";
import type { Ownership } from "../ownership/ownership.js";
import type { Standing } from "../ownership/right-to-serve.js";
import type { Tenure } from "../ownership/tenure.js";
import type { Cache } from "./cache.js";
import type { Caches } from "./caches.js";
import type { ConfiguredCache } from "./configured-cache.js";

export interface PlainOperationsParts {
  readonly caches: Caches;
  readonly ownership: Ownership;
  readonly placement: Placement;
  readonly clock: Clock;
}

const NO_BYTES: Buffer = Buffer.alloc(0);

export class PlainOperations {
  readonly #parts: PlainOperationsParts;
  /** When the batch began, and how this node stood then. */
  #nowMs = 0;
  #standing: Standing = { nowMs: 0, isCurrent: false, leaseUntilMs: 0 };
  /** The cache that was found last in this batch. */
  #cacheName: string | undefined;
  #cache: ConfiguredCache | undefined;
  /** Of the entry that is being told. */
  readonly #hit = {
    version: 0,
    encoding: 0,
    ageMs: 0,
    ttlLeftMs: 0,
    bytes: NO_BYTES,
    view: viewOf(NO_BYTES),
    start: 0,
    end: 0,
  };

  constructor(parts: PlainOperationsParts) {
    this.#parts = parts;
  }

  /**
   * To be called before the operations of a batch are executed, in their order and in this tick: memory gets ready for
   * their keys.
   */
  begin(batch: BatchReader): void {
    const { caches, count } = batch;
    this.#nowMs = this.#parts.clock.now();
    this.#standing = this.#parts.ownership.look();
    this.#cacheName = undefined;
    let first = 0;
    for (let index = 1; index <= count; index++) {
      if (index < count && caches[index] === caches[first]) continue;
      this.#parts.caches.find(caches[first] ?? "")?.store.prefetch(batch, first, index);
      first = index;
    }
  }

  /** Answers a plain operation of the batch, if it is no more than that. Returns whether it did. */
  answer(batch: BatchReader, index: number, replies: ReplyWriter): boolean {
    // Within the batch, hence the casts, here and below.
    const cache = this.#cacheOf(batch.caches[index] as string);
    if (cache === undefined) return false;
    return batch.isSet(index)
      ? this.#set(cache, batch, index, replies)
      : this.#read(cache.operations, batch, index, replies);
  }

  #read(cache: Cache, batch: BatchReader, index: number, replies: ReplyWriter): boolean {
    const nowMs = this.#nowMs;
    const start = batch.starts[index] as number;
    const entry = cache.findPlain(batch.bytes, start, batch.ends[index] as number, nowMs);
    if (entry === undefined) return false;
    const tenure = this.#tenureOf(entry.hash);
    if (tenure === undefined) return false;
    cache.usedPlain(entry);
    const hit = this.#hit;
    hit.version = entry.version;
    hit.encoding = entry.encoding;
    hit.ageMs = Math.max(0, nowMs - entry.writtenAtMs(nowMs));
    hit.ttlLeftMs = Math.ceil(entry.expiresAtMs - nowMs);
    hit.bytes = entry.bytes;
    hit.view = entry.view;
    hit.start = entry.start;
    hit.end = entry.end;
    replies.hit(batch.ids[index] as number, tenure.term, hit);
    return true;
  }

  #set(
    { store, operations }: ConfiguredCache,
    batch: BatchReader,
    index: number,
    replies: ReplyWriter,
  ): boolean {
    const { sought } = store;
    const start = batch.starts[index] as number;
    const isKey = sought.setPart(batch.bytes, start, batch.ends[index] as number);
    // Of ASCII alone: other keys have to be looked at more closely.
    if (!isKey || !sought.isAscii()) return false;
    const tenure = this.#tenureOf(sought.hash | 0);
    if (tenure === undefined) return false;
    const value = batch.value(index);
    const encoding = batch.encodings[index] as number;
    const version = operations.setPlain({ value, encoding, writtenAtMs: this.#nowMs }, tenure);
    if (version === 0) return false;
    replies.applied(batch.ids[index] as number, tenure.term, version);
    return true;
  }

  /** Under which a key with this hash is served; `undefined`: it is not, or not everything is known of it. */
  #tenureOf(hash: number): Tenure | undefined {
    const { ownership, placement } = this.#parts;
    const tenure = ownership.serving(partitionOfHash(hash, placement), this.#standing);
    return tenure?.isRecovering ? undefined : tenure;
  }

  #cacheOf(name: string): ConfiguredCache | undefined {
    if (name !== this.#cacheName) {
      this.#cacheName = name;
      this.#cache = this.#parts.caches.find(name);
    }
    return this.#cache;
  }
}
