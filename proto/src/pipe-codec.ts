/**
 * Batches and replies, into and out of protobuf's wire format, at a fraction of what the general way costs: that makes
 * two objects of each message, and looks up every field by its name.
 *
 * What is in nearly every message is read and written here. Everything else, as introductions, owners to turn
 * to, explanations, numbers beyond 2^53, fields of later versions and what is no message at all, is left to the general
 * way, message by message: so there is one answer to what a message means, and errors are the same.
 */
import { emptyOperation, emptyReply } from "./complete.js";
import type { Batch, Batch__Output } from "./gen/holdfast/v1/Batch.js";
import type { HelloReply } from "./gen/holdfast/v1/HelloReply.js";
import type { Operation, Operation__Output } from "./gen/holdfast/v1/Operation.js";
import type { Replies, Replies__Output } from "./gen/holdfast/v1/Replies.js";
import type { Reply, Reply__Output } from "./gen/holdfast/v1/Reply.js";
import { BATCH, OPERATION, REPLIES, REPLY } from "./pipe-tags.js";
import { MAX_UINT32, type WireReader, type WireWriter } from "./wire.js";

/** The general way. */
export interface Codec<Written, Read> {
  serialize(message: Written): Buffer;
  deserialize(bytes: Buffer): Read;
}

/** The names of an enumeration, by number. */
export type EnumNames = readonly string[];

export interface PipeEnums {
  readonly kind: EnumNames;
  readonly ack: EnumNames;
  readonly code: EnumNames;
  readonly outcome: EnumNames;
  readonly source: EnumNames;
}

export class PipeCodec {
  readonly #enums: PipeEnums;
  readonly #numbers: Readonly<Record<keyof PipeEnums, ReadonlyMap<unknown, number>>>;
  readonly #batches: Codec<Batch, Batch__Output>;
  readonly #replies: Codec<Replies, Replies__Output>;
  /** The cache that was named last, in UTF-8 and as text: it is nearly always the same. */
  #cacheBytes: Buffer = Buffer.alloc(0);
  #cache = "";

  constructor(
    enums: PipeEnums,
    batches: Codec<Batch, Batch__Output>,
    replies: Codec<Replies, Replies__Output>,
  ) {
    this.#enums = enums;
    this.#numbers = {
      kind: numbersOf(enums.kind),
      ack: numbersOf(enums.ack),
      code: numbersOf(enums.code),
      outcome: numbersOf(enums.outcome),
      source: numbersOf(enums.source),
    };
    this.#batches = batches;
    this.#replies = replies;
  }

  /** The number of a kind of operation. */
  numberOfKind(kind: Operation__Output["kind"]): number {
    return this.#numbers.kind.get(kind) ?? 0;
  }

  /** The number of a source of values. */
  numberOfSource(source: Reply__Output["source"]): number {
    return this.#numbers.source.get(source) ?? 0;
  }

  /** The number of an outcome. */
  numberOfOutcome(outcome: Reply__Output["outcome"]): number {
    return this.#numbers.outcome.get(outcome) ?? 0;
  }

  /** Whether a number stands for a source of values. */
  isSource(number: number): boolean {
    return this.#enums.source[number] !== undefined;
  }

  /** @throws {Error} when it is none. */
  readBatchGenerally(bytes: Buffer): Batch__Output {
    return this.#batches.deserialize(bytes);
  }

  writeBatchGenerally(batch: Batch): Buffer {
    return this.#batches.serialize(batch);
  }

  /** @throws {Error} when they are none. */
  readRepliesGenerally(bytes: Buffer): Replies__Output {
    return this.#replies.deserialize(bytes);
  }

  /** Reads an operation within a batch. */
  readOperation(reader: WireReader): Operation__Output {
    const operation = emptyOperation();
    const end = reader.delimited();
    while (reader.at < end) this.#readField(reader, operation);
    if (reader.at !== end) reader.fail();
    return operation;
  }

  #readField(reader: WireReader, operation: Operation__Output): void {
    const tag = reader.varint();
    switch (tag) {
      case OPERATION.id:
        operation.id = reader.varint();
        break;
      case OPERATION.kind:
        operation.kind = named(reader, this.#enums.kind) as Operation__Output["kind"];
        break;
      case OPERATION.cache:
        operation.cache = this.readCache(reader);
        break;
      case OPERATION.key:
        operation.key = reader.slice();
        break;
      case OPERATION.value:
        operation.value = reader.slice();
        break;
      case OPERATION.encoding:
        operation.encoding = reader.varintUpTo(MAX_UINT32);
        break;
      case OPERATION.ack:
        operation.ack = named(reader, this.#enums.ack) as Operation__Output["ack"];
        break;
      case OPERATION.forwarded:
        operation.forwarded = reader.varint() !== 0;
        break;
      default:
        readOptional(reader, tag, operation);
    }
  }

  readCache(reader: WireReader): string {
    const { at: before } = reader;
    const end = reader.delimited();
    const { at, bytes } = reader;
    const known = this.#cacheBytes;
    if (end - at === known.length && isAt(bytes, at, known)) {
      reader.at = end;
      return this.#cache;
    }
    reader.at = before;
    this.#cache = reader.text();
    this.#cacheBytes = Buffer.from(this.#cache);
    return this.#cache;
  }

  /** Reads a reply within a message. */
  readReply(reader: WireReader): Reply__Output {
    const reply = emptyReply();
    const end = reader.delimited();
    while (reader.at < end) this.#readReplyField(reader, reply);
    if (reader.at !== end) reader.fail();
    return reply;
  }

  #readReplyField(reader: WireReader, reply: Reply__Output): void {
    switch (reader.varint()) {
      case REPLY.id:
        reply.id = reader.varint();
        break;
      case REPLY.code:
        reply.code = named(reader, this.#enums.code) as Reply__Output["code"];
        break;
      case REPLY.outcome:
        reply.outcome = named(reader, this.#enums.outcome) as Reply__Output["outcome"];
        break;
      case REPLY.version:
        reply.version = reader.varint();
        break;
      case REPLY.term:
        reply.term = reader.varintUpTo(MAX_UINT32);
        break;
      case REPLY.value:
        reply.value = reader.slice();
        break;
      case REPLY.encoding:
        reply.encoding = reader.varintUpTo(MAX_UINT32);
        break;
      case REPLY.source:
        reply.source = named(reader, this.#enums.source) as Reply__Output["source"];
        break;
      case REPLY.ageMs:
        reply.ageMs = reader.varint();
        break;
      case REPLY.stale:
        reply.stale = reader.varint() !== 0;
        break;
      case REPLY.ttlLeftMs:
        reply.ttlLeftMs = reader.varint();
        break;
      case REPLY.degraded:
        reply.degraded = reader.varint() !== 0;
        break;
      case REPLY.message:
        reply.message = reader.text();
        break;
      case REPLY.unpersisted:
        reply.unpersisted = reader.varint() !== 0;
        break;
      default:
        reader.fail();
    }
  }

  /** A message that introduces a node. */
  introduction(hello: HelloReply): Buffer {
    return this.#replies.serialize({ hello });
  }

  /** Writes an operation within a batch, under this number and with this budget, whatever it says of them itself. */
  writeOperation(
    writer: WireWriter,
    operation: Operation,
    id: number,
    budgetMs: number | undefined,
  ): void {
    const { at } = writer;
    const isOfFill = operation.fillToken !== undefined;
    if (!isOfFill) this.#writePlainOperation(writer, operation, id, budgetMs);
    if (!isOfFill && writer.isSound) return;
    writer.returnTo(at);
    const numbered: Operation = { ...operation, id };
    if (budgetMs === undefined) delete numbered.budgetMs;
    else numbered.budgetMs = budgetMs;
    // A message that stands behind another one is the same as one message with the fields of both.
    writer.append(this.#batches.serialize({ operations: [numbered] }));
  }

  #writePlainOperation(
    writer: WireWriter,
    operation: Operation,
    id: number,
    budgetMs: number | undefined,
  ): void {
    const likelyBytes = likelyBytesOf(operation);
    const start = writer.beginMessage(BATCH.operation, likelyBytes);
    writer.number(OPERATION.id, id);
    this.#writeName(writer, OPERATION.kind, "kind", operation.kind);
    writer.optionalBytes(OPERATION.cache, this.#bytesOfCache(operation.cache));
    writer.optionalBytes(OPERATION.key, operation.key);
    writer.optionalBytes(OPERATION.value, operation.value);
    writer.number(OPERATION.encoding, operation.encoding);
    writer.optionalNumber(OPERATION.ttlMs, operation.ttlMs);
    writer.optionalNumber(OPERATION.softTtlMs, operation.softTtlMs);
    writer.optionalNumber(OPERATION.expectedVersion, operation.expectedVersion);
    this.#writeName(writer, OPERATION.ack, "ack", operation.ack);
    writer.optionalNumber(OPERATION.maxStaleMs, operation.maxStaleMs);
    writer.flag(OPERATION.forwarded, operation.forwarded);
    writer.optionalNumber(OPERATION.delta, operation.delta);
    writer.optionalNumber(OPERATION.version, operation.version);
    writer.optionalNumber(OPERATION.letterVersion, operation.letterVersion);
    writer.optionalNumber(OPERATION.budgetMs, budgetMs);
    writer.optionalNumber(OPERATION.waitMs, operation.waitMs);
    writer.endMessage(start, likelyBytes);
  }

  /** Writes a reply within a message. */
  writeReply(writer: WireWriter, reply: Reply): void {
    const { at } = writer;
    if (!isRare(reply)) this.#writePlainReply(writer, reply);
    if (!isRare(reply) && writer.isSound) return;
    writer.returnTo(at);
    // As above.
    writer.append(this.#replies.serialize({ replies: [reply] }));
  }

  #writePlainReply(writer: WireWriter, reply: Reply): void {
    const likelyBytes = FIELD_BYTES + lengthOf(reply.value);
    const start = writer.beginMessage(REPLIES.reply, likelyBytes);
    writer.number(REPLY.id, reply.id);
    this.#writeName(writer, REPLY.code, "code", reply.code);
    this.#writeName(writer, REPLY.outcome, "outcome", reply.outcome);
    writer.number(REPLY.version, reply.version);
    writer.number(REPLY.term, reply.term);
    writer.optionalBytes(REPLY.value, reply.value);
    writer.number(REPLY.encoding, reply.encoding);
    this.#writeName(writer, REPLY.source, "source", reply.source);
    writer.number(REPLY.ageMs, reply.ageMs);
    writer.flag(REPLY.stale, reply.stale);
    writer.optionalNumber(REPLY.ttlLeftMs, reply.ttlLeftMs);
    writer.flag(REPLY.degraded, reply.degraded);
    writer.flag(REPLY.unpersisted, reply.unpersisted);
    writer.endMessage(start, likelyBytes);
  }

  #writeName(writer: WireWriter, tag: number, of: keyof PipeEnums, name: unknown): void {
    if (name === undefined || name === null) return;
    const number = this.#numbers[of].get(name);
    if (number === undefined) writer.isSound = false;
    else writer.number(tag, number);
  }

  #bytesOfCache(cache: unknown): Buffer | undefined {
    if (typeof cache !== "string" || cache === "") return undefined;
    if (cache !== this.#cache) {
      this.#cache = cache;
      this.#cacheBytes = Buffer.from(cache);
    }
    return this.#cacheBytes;
  }
}

/** Whether these bytes are at this place of others. Of a few, a loop is faster than a call of the runtime's. */
function isAt(bytes: Buffer, at: number, part: Buffer): boolean {
  for (let index = 0; index < part.length; index++) {
    if (bytes[at + index] !== part[index]) return false;
  }
  return true;
}

/** What an operation or reply takes beside what is of any length. */
const FIELD_BYTES = 32;

function likelyBytesOf({ cache, key, value }: Operation): number {
  return FIELD_BYTES + (cache?.length ?? 0) + lengthOf(key) + lengthOf(value);
}

function lengthOf(value: Uint8Array | string | null | undefined): number {
  return value === undefined || value === null ? 0 : value.length;
}

/** Whether there is something to it that is left to the general way. */
function isRare(reply: Reply): boolean {
  const { message, notOwner, flushed, retried, explanation, fillToken, leaseMs, filling } = reply;
  const isOfLoad = fillToken !== undefined || leaseMs !== undefined || filling !== undefined;
  return isOfLoad || Boolean(message || notOwner || flushed || retried || explanation);
}

function numbersOf(names: EnumNames): ReadonlyMap<unknown, number> {
  return new Map(names.map((name, number) => [name, number]));
}

/** A number that stands for a name. */
function named(reader: WireReader, names: EnumNames): string {
  const name = names[reader.varint()];
  if (name === undefined) reader.fail();
  return name ?? "";
}

/** What few operations state. */
function readOptional(reader: WireReader, tag: number, operation: Operation__Output): void {
  const value = reader.varint();
  switch (tag) {
    case OPERATION.ttlMs:
      operation.ttlMs = value;
      break;
    case OPERATION.softTtlMs:
      operation.softTtlMs = value;
      break;
    case OPERATION.expectedVersion:
      operation.expectedVersion = value;
      break;
    case OPERATION.maxStaleMs:
      operation.maxStaleMs = value;
      break;
    case OPERATION.delta:
      operation.delta = value;
      break;
    case OPERATION.version:
      operation.version = value;
      break;
    case OPERATION.letterVersion:
      operation.letterVersion = value;
      break;
    case OPERATION.budgetMs:
      operation.budgetMs = value <= MAX_UINT32 ? value : reader.fail();
      break;
    case OPERATION.waitMs:
      operation.waitMs = value <= MAX_UINT32 ? value : reader.fail();
      break;
    default:
      reader.fail();
  }
}
