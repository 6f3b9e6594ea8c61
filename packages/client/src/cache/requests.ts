/**
 * From the arguments of an operation to what goes over the wire, and from a reply to what the
 * caller gets. Whatever can be refused without asking a node is refused here.
 */
import { CacheError, encodeKey, MAX_VALUE_BYTES } from "@holdfast/core";
import type { Operation, Reply__Output } from "@holdfast/proto";
import { type KeyedOperation, PlainOperation } from "../calls/plain-operation.js";
import type {
  AckLevel,
  DeleteOptions,
  LifetimeOptions,
  ReadOptions,
  ReadResult,
  SetOptions,
  WriteOptions,
} from "./cache-types.js";
import { type Codec, decodeValue, encodeValue } from "./codecs.js";
import { type Duration, durationMs } from "./duration.js";

/** A write that its caller may still ask about. */
export interface AskedWrite {
  readonly cache: string;
  readonly key: string;
  readonly ack: AckLevel | undefined;
}

/** A load that is this client's to carry out. */
export interface Fill {
  readonly cache: string;
  readonly key: string;
  readonly token: number;
  /** The owner may have a former value to tell, should the loader fail. */
  readonly hasGrace: boolean;
}

const ACKS: Readonly<Record<AckLevel, Operation["ack"]>> = {
  memory: "MEMORY",
  journal: "JOURNAL",
  backup: "BACKUP",
  "journal+backup": "JOURNAL_AND_BACKUP",
  database: "DATABASE",
};

const SOURCES = {
  NONE: "none",
  MEMORY: "memory",
  DATABASE: "database",
  LOADER: "loader",
} as const;

export function setOperation<V>(
  cache: string,
  key: string,
  value: V,
  codec: Codec<V>,
  options: SetOptions,
): KeyedOperation | PlainOperation {
  const write = plainWrite(cache, key, value, codec);
  if (isPlain(options)) return write;
  const { ifAbsent, ifVersion } = options;
  if (ifAbsent && ifVersion !== undefined && ifVersion !== 0) {
    throw invalid("ifAbsent and ifVersion contradict each other");
  }
  return withWriteOptions(write.toOperation(), ifAbsent ? { ...options, ifVersion: 0 } : options);
}

function plainWrite<V>(cache: string, key: string, value: V, codec: Codec<V>): PlainOperation {
  const encoded = encodeValue(codec, value);
  // Above what any cache may be configured to take; such a value would only cost the way.
  if (encoded.byteLength > MAX_VALUE_BYTES) {
    const message = `the value has ${encoded.byteLength} bytes; at most ${MAX_VALUE_BYTES} are allowed`;
    throw new CacheError("VALUE_TOO_LARGE", message);
  }
  return PlainOperation.set({ cache, key, value: encoded, encoding: codec.encoding });
}

/** Whether a write says no more than what is to be written. */
function isPlain({ ttl, softTtl, ifVersion, ifAbsent, ack }: SetOptions): boolean {
  const isForever = ttl === undefined && softTtl === undefined;
  return isForever && ifVersion === undefined && !ifAbsent && ack === undefined;
}

export function deleteOperation(
  cache: string,
  key: string,
  options: DeleteOptions,
): KeyedOperation {
  return withWriteOptions({ kind: "DELETE", cache, key: encodeKey(key) }, options);
}

export function touchOperation(
  cache: string,
  key: string,
  options: LifetimeOptions,
): KeyedOperation {
  return withWriteOptions({ kind: "TOUCH", cache, key: encodeKey(key) }, options);
}

export function incrementOperation(
  cache: string,
  key: string,
  delta: number,
  options: LifetimeOptions,
): KeyedOperation {
  if (!Number.isSafeInteger(delta)) throw invalid(`delta is ${delta}; it must be a safe integer`);
  return withWriteOptions({ kind: "INCREMENT", cache, key: encodeKey(key), delta }, options);
}

/** @param waitMs - for how long to wait for others who load the key; `undefined`: as long as there is time. */
export function loadOperation(
  cache: string,
  key: string,
  waitMs: number | undefined,
  options: ReadOptions,
): KeyedOperation {
  const operation: KeyedOperation = { kind: "LOAD", cache, key: encodeKey(key) };
  if (waitMs !== undefined) operation.waitMs = waitMs;
  const maxStaleMs = maxStaleMsOf(options);
  if (maxStaleMs !== undefined) operation.maxStaleMs = maxStaleMs;
  return operation;
}

/** What a load without a value has come to. */
export type EmptyFill = Pick<Operation, "fill" | "fillError" | "ttlMs">;

/** What a loader found. @param options - of the value's entry. */
export function fillOperation<V>(
  fill: Fill,
  value: V,
  codec: Codec<V>,
  options: WriteOptions,
): KeyedOperation {
  const set = plainWrite(fill.cache, fill.key, value, codec).toOperation();
  return { ...withWriteOptions(set, options), kind: "FILL", fillToken: fill.token };
}

/** Tells of a load without a value. @param options - of what is told instead. */
export function emptyFillOperation(
  fill: Fill,
  told: EmptyFill,
  options: ReadOptions = {},
): KeyedOperation {
  const { cache, key, token } = fill;
  const operation: KeyedOperation = { kind: "FILL", cache, key: encodeKey(key), fillToken: token };
  const maxStaleMs = maxStaleMsOf(options);
  return { ...operation, ...told, ...(maxStaleMs !== undefined && { maxStaleMs }) };
}

export function renewFillOperation({ cache, key, token }: Fill): KeyedOperation {
  return { kind: "RENEW_FILL", cache, key: encodeKey(key), fillToken: token };
}

/** Asks whether the database has a write. @param waitMs - for how long its owner may wait for that. */
export function persistedOperation(
  { cache, key, ack }: AskedWrite,
  version: number,
  waitMs: number,
): KeyedOperation {
  const operation = { kind: "PERSISTED", cache, key: encodeKey(key), version, waitMs } as const;
  return withWriteOptions(operation, { ack });
}

export function flushOperation(cache: string, key: string): KeyedOperation {
  return { kind: "FLUSH", cache, key: encodeKey(key) };
}

/** What an operation takes beside its cache, key and value, roughly. */
const OVERHEAD_BYTES = 32;

/** Roughly what an operation takes on the wire: what its fields beyond key and value add is small. */
export function sizeOf(operation: Operation | PlainOperation): number {
  const { key, value, cache = "" } = operation;
  return OVERHEAD_BYTES + cache.length + (key?.length ?? 0) + (value?.length ?? 0);
}

/** As `sizeOf`, of plain reads together. */
export function sizeOfReads(cache: string, keys: readonly string[]): number {
  let size = keys.length * (OVERHEAD_BYTES + cache.length);
  for (const key of keys) size += key.length;
  return size;
}

export function readResult<V>(reply: Reply__Output, codec: Codec<V>): ReadResult<V> {
  const { value, encoding, version, source, ageMs, stale, ttlLeftMs, unpersisted } = reply;
  return {
    value: value === undefined ? undefined : decodeValue(codec, value, encoding),
    version,
    source: SOURCES[source],
    ageMs,
    stale,
    ttlLeftMs,
    unpersisted,
  };
}

/** The sum that INCREMENT answers, as decimal text. */
export function sumOf({ value }: Reply__Output): number {
  return Number(value?.toString("latin1"));
}

interface AnyWriteOptions extends LifetimeOptions {
  readonly softTtl?: Duration | undefined;
  readonly ifVersion?: number | undefined;
  readonly ack?: AckLevel | undefined;
}

/** @throws {CacheError} `INVALID_ARGUMENT` when it is no duration. */
export function maxStaleMsOf({ maxStale }: ReadOptions): number | undefined {
  return maxStale === undefined ? undefined : durationMs(maxStale, "maxStale");
}

/** Adds to an operation what its options say; what they do not say stays off the wire. */
function withWriteOptions(operation: KeyedOperation, options: AnyWriteOptions): KeyedOperation {
  const { ttl, softTtl, ifVersion, ack } = options;
  if (ttl !== undefined) operation.ttlMs = durationMs(ttl, "ttl");
  if (softTtl !== undefined) operation.softTtlMs = durationMs(softTtl, "softTtl");
  if (ifVersion !== undefined) {
    if (!Number.isSafeInteger(ifVersion) || ifVersion < 0) {
      throw invalid(`ifVersion is ${ifVersion}; it must be a version that was read`);
    }
    operation.expectedVersion = ifVersion;
  }
  if (ack !== undefined) {
    const level = ACKS[ack];
    if (level === undefined) throw invalid(`ack is "${ack}"; it must be one of ${ackNames()}`);
    operation.ack = level;
  }
  return operation;
}

function ackNames(): string {
  return Object.keys(ACKS).join(", ");
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_ARGUMENT", message);
}
