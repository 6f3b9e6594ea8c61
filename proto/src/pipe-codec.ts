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
import type { Operation, Operation__Output } from "./gen/holdfast/v1/Operation.js";
import type { Replies, Replies__Output } from "./gen/holdfast/v1/Replies.js";
import type { Reply, Reply__Output } from "./gen/holdfast/v1/Reply.js";
import { DELIMITED, tagOf, VARINT, WireReader, WireWriter } from "./wire.js";

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

const MAX_UINT32 = 2 ** 32 - 1;

/** Tags of `Batch`, `Operation`, `Replies` and `Reply`, as pipe.proto numbers their fields. */
const BATCH = {
  epoch: tagOf(2, VARINT),
  budgetMs: tagOf(3, VARINT),
  operation: tagOf(4, DELIMITED),
};
const OPERATION = {
  id: tagOf(1, VARINT),
  kind: tagOf(2, VARINT),
  cache: tagOf(3, DELIMITED),
  key: tagOf(4, DELIMITED),
  value: tagOf(5, DELIMITED),
  encoding: tagOf(6, VARINT),
  ttlMs: tagOf(7, VARINT),
  softTtlMs: tagOf(8, VARINT),
  expectedVersion: tagOf(9, VARINT),
  ack: tagOf(10, VARINT),
  maxStaleMs: tagOf(11, VARINT),
  forwarded: tagOf(12, VARINT),
  delta: tagOf(13, VARINT),
  version: tagOf(14, VARINT),
  letterVersion: tagOf(16, VARINT),
  budgetMs: tagOf(17, VARINT),
  waitMs: tagOf(19, VARINT),
} as const;
const REPLIES = { reply: tagOf(2, DELIMITED) };
const REPLY = {
  id: tagOf(1, VARINT),
  code: tagOf(2, VARINT),
  outcome: tagOf(3, VARINT),
  version: tagOf(4, VARINT),
  term: tagOf(5, VARINT),
  value: tagOf(6, DELIMITED),
  encoding: tagOf(7, VARINT),
  source: tagOf(8, VARINT),
  ageMs: tagOf(9, VARINT),
  stale: tagOf(10, VARINT),
  ttlLeftMs: tagOf(11, VARINT),
  degraded: tagOf(12, VARINT),
  message: tagOf(13, DELIMITED),
  unpersisted: tagOf(19, VARINT),
} as const;

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

  readonly readBatch = (bytes: Buffer): Batch__Output => {
    const reader = new WireReader(bytes);
    const batch: Batch__Output = { epoch: 0, budgetMs: 0, operations: [] };
    while (reader.hasMore) {
      const tag = reader.varint();
      if (tag === BATCH.operation) batch.operations.push(this.#readOperation(reader));
      else if (tag === BATCH.epoch) batch.epoch = reader.varint();
      else if (tag === BATCH.budgetMs) batch.budgetMs = reader.varintUpTo(MAX_UINT32);
      else reader.fail();
    }
    return reader.isSound ? batch : this.#batches.deserialize(bytes);
  };

  readonly readReplies = (bytes: Buffer): Replies__Output => {
    const reader = new WireReader(bytes);
    const replies: Reply__Output[] = [];
    while (reader.hasMore) {
      if (reader.varint() === REPLIES.reply) replies.push(this.#readReply(reader));
      else reader.fail();
    }
    return reader.isSound ? { replies } : this.#replies.deserialize(bytes);
  };

  #readOperation(reader: WireReader): Operation__Output {
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
        operation.cache = this.#readCache(reader);
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

  #readCache(reader: WireReader): string {
    const { at: before } = reader;
    const end = reader.delimited();
    const { at, bytes } = reader;
    const known = this.#cacheBytes;
    if (end - at === known.length && known.compare(bytes, at, end) === 0) {
      reader.at = end;
      return this.#cache;
    }
    reader.at = before;
    this.#cache = reader.text();
    this.#cacheBytes = Buffer.from(this.#cache);
    return this.#cache;
  }

  #readReply(reader: WireReader): Reply__Output {
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

  readonly writeBatch = (batch: Batch): Buffer => {
    const operations = batch.operations ?? [];
    const writer = new WireWriter(operations.reduce(addOperationBytes, HEAD_BYTES));
    if (batch.hello !== undefined && batch.hello !== null) writer.isSound = false;
    writer.number(BATCH.epoch, batch.epoch);
    writer.number(BATCH.budgetMs, batch.budgetMs);
    for (const operation of operations) this.#writeOperation(writer, operation);
    return writer.isSound ? writer.written : this.#batches.serialize(batch);
  };

  readonly writeReplies = (message: Replies): Buffer => {
    const replies = message.replies ?? [];
    const writer = new WireWriter(replies.reduce(addReplyBytes, HEAD_BYTES));
    if (message.hello !== undefined && message.hello !== null) writer.isSound = false;
    for (const reply of replies) this.#writeReply(writer, reply);
    return writer.isSound ? writer.written : this.#replies.serialize(message);
  };

  #writeOperation(writer: WireWriter, operation: Operation): void {
    if (operation.fillToken !== undefined) writer.isSound = false;
    const likelyBytes = addOperationBytes(0, operation);
    const start = writer.begin(BATCH.operation, likelyBytes);
    writer.number(OPERATION.id, operation.id);
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
    writer.optionalNumber(OPERATION.budgetMs, operation.budgetMs);
    writer.optionalNumber(OPERATION.waitMs, operation.waitMs);
    writer.end(start, likelyBytes);
  }

  #writeReply(writer: WireWriter, reply: Reply): void {
    if (isRare(reply)) writer.isSound = false;
    const likelyBytes = addReplyBytes(0, reply);
    const start = writer.begin(REPLIES.reply, likelyBytes);
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
    writer.end(start, likelyBytes);
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

/** What a message takes beside its operations or replies, and one of those beside what is of any length. */
const HEAD_BYTES = 32;
const FIELD_BYTES = 32;

function addOperationBytes(sum: number, { cache, key, value }: Operation): number {
  return sum + FIELD_BYTES + (cache?.length ?? 0) + lengthOf(key) + lengthOf(value);
}

function addReplyBytes(sum: number, { value }: Reply): number {
  return sum + FIELD_BYTES + lengthOf(value);
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
