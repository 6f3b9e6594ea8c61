/**
 * The replies of a node on their way into a message: values are copied once, from where they lie into the buffer that
 * leaves the process. Buffers are used again, as far as they have the usual size.
 */
import type { Reply } from "./gen/holdfast/v1/Reply.js";
import type { PipeCodec } from "./pipe-codec.js";
import { REPLIES, REPLY } from "./pipe-tags.js";
import { varintBytes, WireWriter } from "./wire.js";

/** From here on a message is complete. With half of it, values of 1 KiB are a tenth slower, those of 16 KiB a fifth. */
export const MESSAGE_BYTES: number = 128 * 1024;

/** Room for the reply that makes a message complete, unless that is large. */
const BUFFER_BYTES = MESSAGE_BYTES + 4 * 1024;

/** What is kept of buffers that nobody needs. */
const MAX_SPARE = 32;

/** What all but the value of a reply takes at most here: eight numbers with their tags. */
const HEAD_BYTES = 80;

/** What an answered read has to tell. */
export interface Hit {
  readonly version: number;
  readonly encoding: number;
  readonly ageMs: number;
  /** Infinity: it does not expire. */
  readonly ttlLeftMs: number;
  /** The value is from `start` to before `end` of these, which `view` is one of. */
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

export class ReplyWriter {
  readonly #codec: PipeCodec;
  readonly #memory: number;
  readonly #applied: number;
  readonly #spare: Buffer[] = [];
  readonly #writer: WireWriter = new WireWriter(Buffer.allocUnsafeSlow(BUFFER_BYTES));

  constructor(codec: PipeCodec) {
    this.#codec = codec;
    this.#memory = codec.numberOfSource("MEMORY");
    this.#applied = codec.numberOfOutcome("APPLIED");
  }

  /** How long the message is by now. */
  get length(): number {
    return this.#writer.at;
  }

  /** Answers a read by what is in memory. */
  hit(id: number, term: number, hit: Hit): void {
    const { version, encoding, ageMs, ttlLeftMs, bytes, view, start, end } = hit;
    const writer = this.#writer;
    const hasEnd = ttlLeftMs !== Number.POSITIVE_INFINITY;
    // Each of the tags here takes one byte.
    const length =
      sizeOf(id) +
      sizeOf(version) +
      sizeOf(term) +
      (1 + varintBytes(end - start) + end - start) +
      sizeOf(encoding) +
      2 +
      sizeOf(ageMs) +
      (hasEnd ? 1 + varintBytes(ttlLeftMs) : 0);
    writer.reserve(HEAD_BYTES + length);
    writer.rawPair(REPLIES.reply, length);
    if (id > 0) writer.rawPair(REPLY.id, id);
    if (version > 0) writer.rawPair(REPLY.version, version);
    if (term > 0) writer.rawPair(REPLY.term, term);
    writer.rawPair(REPLY.value, end - start);
    writer.rawBytes(bytes, view, start, end);
    if (encoding > 0) writer.rawPair(REPLY.encoding, encoding);
    writer.rawPair(REPLY.source, this.#memory);
    if (ageMs > 0) writer.rawPair(REPLY.ageMs, ageMs);
    if (hasEnd) writer.rawPair(REPLY.ttlLeftMs, ttlLeftMs);
  }

  /** Answers a write that was made. */
  applied(id: number, term: number, version: number): void {
    const writer = this.#writer;
    const length = sizeOf(id) + 2 + sizeOf(version) + sizeOf(term);
    writer.reserve(HEAD_BYTES);
    writer.rawPair(REPLIES.reply, length);
    if (id > 0) writer.rawPair(REPLY.id, id);
    writer.rawPair(REPLY.outcome, this.#applied);
    if (version > 0) writer.rawPair(REPLY.version, version);
    if (term > 0) writer.rawPair(REPLY.term, term);
  }

  /** Any reply. */
  reply(reply: Reply): void {
    this.#codec.writeReply(this.#writer, reply);
  }

  /** The message, which ends here; another one begins. It is to be given back. */
  take(): Buffer {
    const message = this.#writer.written;
    this.#writer.begin(this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
    return message;
  }

  /** Nobody needs the message any more. */
  giveBack(message: Buffer): void {
    if (this.#spare.length >= MAX_SPARE || message.buffer.byteLength !== BUFFER_BYTES) return;
    this.#spare.push(Buffer.from(message.buffer));
  }
}

/** What a number takes with its tag; 0 is left out. */
function sizeOf(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}
