/**
 * The reads of what is in memory, which most operations are: from the bytes of a batch to the bytes of its replies,
 * without an object on the way. Whatever there is more to do or to say about is left to `Operations`; the answers are
 * the same.
 */
import { type Clock, type Placement, partitionOfHash, viewOf } from "@holdfast/core";
import type { BatchReader, ReplyWriter } from "@holdfast/proto";
import type { Ownership } from "../ownership/ownership.js";
import type { Standing } from "../ownership/right-to-serve.js";
import type { Cache } from "./cache.js";
import type { Caches } from "./caches.js";

export interface HitsParts {
  readonly caches: Caches;
  readonly ownership: Ownership;
  readonly placement: Placement;
  readonly clock: Clock;
}

const NO_BYTES: Buffer = Buffer.alloc(0);

export class Hits {
  readonly #parts: HitsParts;
  /** When the batch began, and how this node stood then. */
  #nowMs = 0;
  #standing: Standing = { nowMs: 0, isCurrent: false, leaseUntilMs: 0 };
  /** The cache that was found last in this batch. */
  #cacheName: string | undefined;
  #cache: Cache | undefined;
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

  constructor(parts: HitsParts) {
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

  /** Answers a plain read of the batch if its entry is in memory. Returns whether it did. */
  answer(batch: BatchReader, index: number, replies: ReplyWriter): boolean {
    const { ownership, placement } = this.#parts;
    const cache = this.#cacheOf(batch.caches[index] as string);
    const nowMs = this.#nowMs;
    // Within the batch, hence the casts.
    const start = batch.starts[index] as number;
    const entry = cache?.findPlain(batch.bytes, start, batch.ends[index] as number, nowMs);
    if (cache === undefined || entry === undefined) return false;
    const tenure = ownership.serving(partitionOfHash(entry.hash, placement), this.#standing);
    if (tenure === undefined || tenure.isRecovering) return false;
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

  #cacheOf(name: string): Cache | undefined {
    if (name !== this.#cacheName) {
      this.#cacheName = name;
      this.#cache = this.#parts.caches.find(name)?.operations;
    }
    return this.#cache;
  }
}
