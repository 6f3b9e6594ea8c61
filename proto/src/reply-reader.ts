/**
 * The replies of a message as a client takes them in. Those that tell a value, or that a write was made, and nothing
 * unusual, as most do, cost no object: what they say is told by tables that are used again for each message. Every other
 * reply is an object, as `PipeCodec` reads it.
 */
import type { HelloReply__Output } from "./gen/holdfast/v1/HelloReply.js";
import type { Replies__Output } from "./gen/holdfast/v1/Replies.js";
import type { Reply__Output } from "./gen/holdfast/v1/Reply.js";
import type { PipeCodec } from "./pipe-codec.js";
import { REPLIES, REPLY } from "./pipe-tags.js";
import { copied } from "./tables.js";
import { MAX_UINT32, WireReader } from "./wire.js";

/** As many replies as a message of many small ones has. */
const LIKELY_REPLIES = 256;

const NO_BYTES = Buffer.alloc(0);

/** So many bytes of a message are copied at a time: as many as those small Buffers share that Node makes. */
const CHUNK_BYTES = 8 * 1024;

/** A value that is larger is copied alone: few would share a chunk with it. */
const MAX_SHARING_BYTES = CHUNK_BYTES / 4;

/** Where a value starts that is absent. */
const ABSENT = -1;

export class ReplyReader {
  readonly #codec: PipeCodec;
  readonly #applied: number;
  readonly #reader = new WireReader(NO_BYTES);
  #bytes: Buffer = NO_BYTES;
  #count = 0;
  /** A copy of a part of the message, and where that begins. */
  #chunk: Buffer = NO_BYTES;
  #chunkAt = 0;
  /** Replies that are not plain. */
  #objects: Reply__Output[] = [];
  /** Where in the message a plain reply is; of another one, the complement of its place among `#objects`. */
  #places: Int32Array;
  #starts: Int32Array;
  #ends: Int32Array;
  /** Where in the message the version of a plain reply is; few are asked for. */
  #versionsAt: Int32Array;
  /** By the place of a reply in the message; those of the last message, as far as there are `count`. */
  ids: Float64Array;
  terms: Uint32Array;
  encodings: Uint32Array;
  hello: HelloReply__Output | undefined;

  /** @param likely - replies of a message; there may be more. */
  constructor(codec: PipeCodec, likely: number = LIKELY_REPLIES) {
    this.#codec = codec;
    this.#applied = codec.numberOfOutcome("APPLIED");
    this.#places = new Int32Array(likely);
    this.#starts = new Int32Array(likely);
    this.#ends = new Int32Array(likely);
    this.ids = new Float64Array(likely);
    this.terms = new Uint32Array(likely);
    this.encodings = new Uint32Array(likely);
    this.#versionsAt = new Int32Array(likely);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Reads a message, all of it, and forgets the one before.
   *
   * @throws {Error} as proto-loader does, when it is none.
   */
  read(bytes: Buffer): void {
    this.clear();
    this.#bytes = bytes;
    const reader = this.#reader;
    reader.begin(bytes);
    while (reader.hasMore) {
      if (reader.varint() === REPLIES.reply) this.#readReply(reader);
      else reader.fail();
    }
    const { isSound } = reader;
    reader.begin(NO_BYTES);
    if (!isSound) this.take(this.#codec.readRepliesGenerally(bytes));
  }

  /** Takes replies that are objects already, and forgets the message before. */
  take({ hello, replies }: Replies__Output): void {
    this.clear();
    this.hello = hello ?? undefined;
    for (const reply of replies) this.#keep(reply);
  }

  /** Lets go of the message. */
  clear(): void {
    this.#bytes = NO_BYTES;
    this.#chunk = NO_BYTES;
    this.#count = 0;
    if (this.#objects.length > 0) this.#objects = [];
    this.hello = undefined;
  }

  /** Whether the operation succeeded. */
  isOk(index: number): boolean {
    const place = this.#places[index] as number;
    return place >= 0 || this.#objects[~place]?.code === "OK";
  }

  /** The version of the entry; 0: there is none. */
  version(index: number): number {
    const place = this.#places[index] as number;
    if (place < 0) return this.#objects[~place]?.version ?? 0;
    const at = this.#versionsAt[index] as number;
    return at === ABSENT ? 0 : new WireReader(this.#bytes, at).varint();
  }

  /** Whether a write was acknowledged at a lower level than it asked for. */
  isDegraded(index: number): boolean {
    const place = this.#places[index] as number;
    return place < 0 && this.#objects[~place]?.degraded === true;
  }

  /** Whether there is a value. */
  hasValue(index: number): boolean {
    return this.#starts[index] !== ABSENT;
  }

  // The value is from `start` to before `end` of `bytes`.

  bytes(index: number): Buffer {
    const place = this.#places[index] as number;
    return place >= 0 ? this.#bytes : (this.#objects[~place]?.value ?? NO_BYTES);
  }

  start(index: number): number {
    return this.#starts[index] as number;
  }

  end(index: number): number {
    return this.#ends[index] as number;
  }

  /** The value, as a copy: a small one shares 8 KiB of memory with others. */
  copy(index: number): Buffer {
    const start = this.start(index);
    const end = this.end(index);
    if ((this.#places[index] as number) < 0) return Buffer.from(this.bytes(index));
    const isIn = start >= this.#chunkAt && end <= this.#chunkAt + this.#chunk.length;
    if (!isIn) {
      const isShared = end - start <= MAX_SHARING_BYTES;
      const length = isShared ? Math.min(CHUNK_BYTES, this.#bytes.length - start) : end - start;
      this.#chunk = Buffer.allocUnsafe(length);
      this.#chunkAt = start;
      this.#bytes.copy(this.#chunk, 0, start, start + length);
    }
    return this.#chunk.subarray(start - this.#chunkAt, end - this.#chunkAt);
  }

  /** A reply as an object. Its value is a part of the message. */
  reply(index: number): Reply__Output {
    const place = this.#places[index] as number;
    // Every place below `count` is set.
    if (place < 0) return this.#objects[~place] as Reply__Output;
    return this.#codec.readReply(new WireReader(this.#bytes, place));
  }

  #readReply(reader: WireReader): void {
    const { at } = reader;
    const index = this.#next();
    if (this.#readPlain(reader, index)) {
      this.#places[index] = at;
      return;
    }
    reader.at = at;
    this.#count -= 1;
    this.#keep(this.#codec.readReply(reader));
  }

  /** Whether it was a plain reply, and nothing was wrong with it. */
  #readPlain(reader: WireReader, index: number): boolean {
    const end = reader.delimited();
    let id = 0;
    let term = 0;
    let encoding = 0;
    let versionAt = ABSENT;
    let valueAt = ABSENT;
    let valueEnd = ABSENT;
    while (reader.at < end) {
      switch (reader.varint()) {
        case REPLY.id:
          id = reader.varint();
          break;
        case REPLY.term:
          term = reader.varintUpTo(MAX_UINT32);
          break;
        case REPLY.encoding:
          encoding = reader.varintUpTo(MAX_UINT32);
          break;
        case REPLY.value:
          valueEnd = reader.delimited();
          valueAt = reader.at;
          reader.at = valueEnd;
          break;
        case REPLY.version:
          versionAt = reader.at;
          reader.varint();
          break;
        case REPLY.outcome:
          if (reader.varint() !== this.#applied) return false;
          break;
        case REPLY.source:
          if (!this.#codec.isSource(reader.varint())) return false;
          break;
        case REPLY.ageMs:
        case REPLY.ttlLeftMs:
        case REPLY.stale:
          reader.varint();
          break;
        default:
          return false;
      }
    }
    if (reader.at !== end) return false;
    this.ids[index] = id;
    this.terms[index] = term;
    this.encodings[index] = encoding;
    this.#versionsAt[index] = versionAt;
    this.#starts[index] = valueAt;
    this.#ends[index] = valueEnd;
    return true;
  }

  #keep(reply: Reply__Output): void {
    const index = this.#next();
    const { id, term, encoding, value } = reply;
    this.ids[index] = id;
    this.terms[index] = term;
    this.encodings[index] = encoding;
    this.#starts[index] = value === undefined ? ABSENT : 0;
    this.#ends[index] = value === undefined ? ABSENT : value.length;
    this.#places[index] = ~this.#objects.length;
    this.#objects.push(reply);
  }

  #next(): number {
    const index = this.#count++;
    if (index === this.ids.length) {
      this.#places = copied(this.#places, new Int32Array(2 * index));
      this.#starts = copied(this.#starts, new Int32Array(2 * index));
      this.#ends = copied(this.#ends, new Int32Array(2 * index));
      this.ids = copied(this.ids, new Float64Array(2 * index));
      this.terms = copied(this.terms, new Uint32Array(2 * index));
      this.encodings = copied(this.encodings, new Uint32Array(2 * index));
      this.#versionsAt = copied(this.#versionsAt, new Int32Array(2 * index));
    }
    return index;
  }
}
