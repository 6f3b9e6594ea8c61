/**
 * Carries out operations as they come over the wire, on this node: finds the cache, asks ownership
 * for admission, and turns results and failures into replies. It never throws. Operations that this
 * node does not own are answered NOT_OWNER; passing them on is the router's matter.
 */
import {
  CacheError,
  type Clock,
  decodeKey,
  hash32,
  type Logger,
  NotOwnerError,
  type Placement,
  partitionOfHash,
} from "@holdfast/core";
import type { WriteBehindAck } from "@holdfast/process";
import {
  CODEC,
  compressionOf,
  type Operation__Output,
  type Reply,
  toErrorReply,
} from "@holdfast/proto";
import { type Ownership, PartitionMovingError } from "../ownership/ownership.js";
import type { Caches } from "./caches.js";
import type { ConfiguredCache } from "./configured-cache.js";
import type { OperationContext, ReadResult } from "./context.js";
import { fill, load, renewFill } from "./fill-operations.js";
import { explain, forgetLetter, retryLetter } from "./operator-operations.js";
import type { FlushReport } from "./patterns/pattern.js";
import { asBuffer, readReply, writeReply } from "./replies.js";
import type { Change } from "./writes.js";

/** What the operations of one request have in common. */
export interface RequestContext {
  /** Epoch of the sender's topology. */
  readonly epoch: number;
  /** Monotonic instant by which the sender wants its answer. */
  readonly deadlineMs: number;
}

export interface OperationsParts {
  readonly caches: Caches;
  readonly ownership: Ownership;
  readonly topology: { waitFor(epoch: number, deadlineMs: number): Promise<boolean> };
  readonly placement: Placement;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long to wait for an epoch that a sender has read already, in milliseconds. */
const EPOCH_WAIT_MS = 2_000;

const LEVELS: Readonly<
  Record<Exclude<Operation__Output["ack"], "ACK_DEFAULT" | "MEMORY">, WriteBehindAck>
> = {
  JOURNAL: "journal",
  BACKUP: "backup",
  JOURNAL_AND_BACKUP: "journal+backup",
  DATABASE: "database",
};

/** Most bytes of values, of all callers together, that wait for something. Reads carry none. */
const MAX_UNDER_WAY_BYTES = 128 * 2 ** 20;

export class Operations {
  readonly #parts: OperationsParts;
  #underWayBytes = 0;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  /** The reply, at once where nothing has to be awaited. */
  execute(operation: Operation__Output, request: RequestContext): Reply | Promise<Reply> {
    const bytes = operation.value.length;
    if (bytes > 0 && this.#underWayBytes + bytes > MAX_UNDER_WAY_BYTES) {
      const problem = `writes of ${MAX_UNDER_WAY_BYTES} bytes are under way on this node already`;
      return toErrorReply(operation.id, new CacheError("OVERLOADED", problem));
    }
    const reply = this.#execute(operation, request);
    if (!(reply instanceof Promise)) return reply;
    if (bytes === 0) return reply;
    this.#underWayBytes += bytes;
    const settled = (later: Reply): Reply => {
      this.#underWayBytes -= bytes;
      return later;
    };
    return reply.then(settled);
  }

  #execute(operation: Operation__Output, request: RequestContext): Reply | Promise<Reply> {
    const onFailure = (error: unknown) => this.#persevere(operation, request, error, 0);
    try {
      return this.#attempt(operation, request, onFailure);
    } catch (error) {
      return onFailure(error);
    }
  }

  /** @param onRefused - turns the failure of what was not let in into a reply. */
  #attempt(
    operation: Operation__Output,
    request: RequestContext,
    onRefused: (error: unknown) => Reply | Promise<Reply>,
  ): Reply | Promise<Reply> {
    const { caches, ownership, placement } = this.#parts;
    const cache = caches.find(operation.cache);
    if (cache === undefined) {
      const known = caches.lookUp(operation.cache);
      return known.then(() => this.#execute(operation, request), onRefused);
    }
    if (operation.kind === "CLEAR") return this.#clear(operation, cache, request);
    if (isFlushOfAll(operation)) return this.#flushAll(operation, cache, request).catch(onRefused);
    const keyHash = hash32(operation.key, placement.hashSeed) | 0;
    const tenure = ownership.admit(partitionOfHash(keyHash, placement));
    const { term } = tenure;
    const onFailure = (error: unknown) => this.#persevere(operation, request, error, term);
    const context = { tenure, keyHash, deadlineMs: this.#deadlineOf(operation, request) };
    try {
      const reply =
        operation.kind === "EXPLAIN"
          ? explain(operation, decodeKey(operation.key), cache, context, ownership)
          : run(operation, cache, context);
      return reply instanceof Promise ? reply.catch(onFailure) : reply;
    } catch (error) {
      return onFailure(error);
    }
  }

  /**
   * Waits where waiting helps and tries again; else turns the failure into a reply.
   *
   * @param term - under which the operation was let in; 0: it was not.
   */
  #persevere(
    operation: Operation__Output,
    request: RequestContext,
    error: unknown,
    term: number,
  ): Reply | Promise<Reply> {
    const waiting = this.#waitFor(operation, request, error);
    if (waiting === undefined) return this.#toErrorReply(operation, error, term);
    return waiting.then(
      () => this.#execute(operation, request),
      (reason: unknown) => this.#toErrorReply(operation, reason, term),
    );
  }

  #waitFor(
    operation: Operation__Output,
    request: RequestContext,
    error: unknown,
  ): Promise<unknown> | undefined {
    const { ownership, topology, clock } = this.#parts;
    const now = clock.monotonic();
    const { deadlineMs } = request;
    if (now >= deadlineMs) return undefined;
    if (error instanceof PartitionMovingError) {
      const at = ownership.tenureOf(error.partition)?.state.at;
      if (at === undefined || at === "serving" || at === "ended") return Promise.resolve();
      return ownership.settled(error.partition, deadlineMs);
    }
    // The sender has read a later topology, which may well make this node the owner.
    const isBehind = error instanceof NotOwnerError && request.epoch > ownership.epoch;
    if (!isBehind || operation.kind === "CLEAR") return undefined;
    return topology
      .waitFor(request.epoch, Math.min(deadlineMs, now + EPOCH_WAIT_MS))
      .then((reached) => {
        if (!reached) throw error;
      });
  }

  #toErrorReply(operation: Operation__Output, error: unknown, term: number): Reply {
    if (error instanceof PartitionMovingError) {
      const message = `${error.message}; time ran out while the operation waited`;
      return { ...toErrorReply(operation.id, new CacheError("DEADLINE_EXCEEDED", message)), term };
    }
    const converted = CacheError.from(error);
    if (converted.code === "INTERNAL") {
      const { kind, cache } = operation;
      this.#parts.logger.error({ err: error, kind, cache }, "an operation failed");
    }
    return { ...toErrorReply(operation.id, converted), term };
  }

  /**
   * Entries of a partition that moves are at two nodes for a moment. So nothing is cleared in between, and
   * whoever asks must know who has what: else he would take for cleared what has gone elsewhere.
   *
   * @throws {PartitionMovingError} while a partition is being let go.
   * @throws {CacheError} `UNAVAILABLE` to those who do not know what has moved from here.
   */
  #clear(operation: Operation__Output, cache: ConfiguredCache, { epoch }: RequestContext): Reply {
    const { ownership } = this.#parts;
    const moving = ownership.moving;
    if (moving !== undefined) throw new PartitionMovingError(moving);
    if (epoch < ownership.lastMovedEpoch) {
      throw new CacheError(
        "UNAVAILABLE",
        "partitions have moved since the topology that the caller knows; nothing was cleared here",
      );
    }
    cache.operations.clear();
    return { id: operation.id, code: "OK", outcome: "APPLIED" };
  }

  /**
   * Of everything that this node owns by the topology that the caller knows. What leaves meanwhile is told,
   * so that the caller asks where it is then.
   *
   * @throws {PartitionMovingError} while a partition comes or goes.
   * @throws {CacheError} `UNAVAILABLE` as `#clear`.
   */
  async #flushAll(
    operation: Operation__Output,
    cache: ConfiguredCache,
    request: RequestContext,
  ): Promise<Reply> {
    const { ownership, topology } = this.#parts;
    const { epoch } = request;
    const deadlineMs = this.#deadlineOf(operation, request);
    if (epoch > ownership.epoch && !(await topology.waitFor(epoch, deadlineMs))) {
      const problem = `this node has not read topology epoch ${epoch} yet`;
      throw new CacheError("UNAVAILABLE", problem);
    }
    for (const { partition, state } of ownership.tenures()) {
      if (state.at !== "serving") throw new PartitionMovingError(partition);
    }
    if (epoch < ownership.lastMovedEpoch) {
      const problem = "partitions have moved since the topology that the caller knows";
      throw new CacheError("UNAVAILABLE", problem);
    }
    return flushReply(operation.id, 0, await cache.operations.flushAll(deadlineMs));
  }

  /** Until when an operation may wait before it answers. */
  #deadlineOf({ kind, waitMs }: Operation__Output, { deadlineMs }: RequestContext): number {
    // Of a LOAD, the reading that comes before the waiting has all of its time.
    if (waitMs === undefined || kind === "LOAD") return deadlineMs;
    return Math.min(deadlineMs, this.#parts.clock.monotonic() + waitMs);
  }
}

function isFlushOfAll({ kind, key }: Operation__Output): boolean {
  return kind === "FLUSH" && key.length === 0;
}

function run(
  operation: Operation__Output,
  cache: ConfiguredCache,
  { tenure, keyHash, deadlineMs }: OperationContext,
): Reply | Promise<Reply> {
  const { id, value, encoding, ttlMs, softTtlMs, expectedVersion, maxStaleMs } = operation;
  const { operations } = cache;
  const context = { tenure, keyHash, deadlineMs, ack: ackOf(operation, cache), maxStaleMs };
  if (operation.kind === "GET") {
    // As bytes: a hit makes no text of it.
    const read = operations.get(operation.key, context);
    return after(read, (result) => readReply(id, tenure.term, result));
  }
  if (operation.kind === "LOAD") return load(operation, cache, context);
  const key = decodeKey(operation.key);
  switch (operation.kind) {
    case "SET": {
      const change = { value, encoding, ttlMs, softTtlMs };
      const written = operations.set(key, change, expectedVersion, context);
      return after(written, (result) => writeReply(id, tenure.term, result));
    }
    case "DELETE": {
      const written = operations.delete(key, expectedVersion, context);
      return after(written, (result) => writeReply(id, tenure.term, result));
    }
    case "TOUCH":
      return operations.touch(key, ttlMs, context).then((version) => ({
        id,
        code: "OK",
        outcome: version === undefined ? "NOT_APPLIED" : "APPLIED",
        version: version ?? 0,
        term: tenure.term,
      }));
    case "PERSISTED":
      return persisted(operation, key, operations, context);
    case "FLUSH":
      return operations
        .flushKey(key, context)
        .then((report) => flushReply(id, tenure.term, report));
    case "INCREMENT":
      return increment(operation, key, operations, context);
    case "WARM":
      return operations.warm(key, context).then((result) => ({
        id,
        code: "OK",
        outcome: result === "cached" ? "APPLIED" : "NOT_APPLIED",
        source: result === "absent" ? "DATABASE" : "NONE",
        term: tenure.term,
      }));
    case "FILL":
      return fill(operation, key, cache, context);
    case "RENEW_FILL":
      return renewFill(operation, key, cache, context);
    case "RETRY_DEAD_LETTER":
      return retryLetter(operation, key, cache, context);
    case "FORGET_DEAD_LETTER":
      return forgetLetter(operation, key, cache, context);
    default:
      throw new CacheError("INVALID_ARGUMENT", `unknown kind of operation: ${operation.kind}`);
  }
}

async function persisted(
  { id, version }: Operation__Output,
  key: string,
  operations: ConfiguredCache["operations"],
  context: OperationContext,
): Promise<Reply> {
  if (version === undefined || version < 1) {
    throw new CacheError("INVALID_ARGUMENT", "PERSISTED needs the version of a write");
  }
  const isPersisted = await operations.persisted(key, version, context);
  const outcome = isPersisted ? "APPLIED" : "NOT_APPLIED";
  return { id, code: "OK", outcome, version, term: context.tenure.term };
}

function flushReply(id: number, term: number, report: FlushReport): Reply {
  const { refusedKeys, dirtyKeys, ...counts } = report;
  const flushed = {
    ...counts,
    refusedKeys: refusedKeys.map((key) => Buffer.from(key)),
    dirtyKeys: dirtyKeys.map((key) => Buffer.from(key)),
  };
  return { id, code: "OK", outcome: "APPLIED", term, flushed };
}

/** Adds to the decimal integer under a key; an absent key counts as 0. */
async function increment(
  operation: Operation__Output,
  key: string,
  operations: ConfiguredCache["operations"],
  context: OperationContext,
): Promise<Reply> {
  const { id, delta = 1, ttlMs } = operation;
  const add = (present: ReadResult): Change => {
    const sum = integerOf(present) + delta;
    if (!Number.isSafeInteger(sum)) {
      throw new CacheError(
        "INVALID_ARGUMENT",
        "the sum is beyond what an integer can hold exactly",
      );
    }
    const encoding = present.value === undefined ? CODEC.json : present.encoding;
    return { value: Buffer.from(String(sum)), encoding, ttlMs };
  };
  const result = await operations.modify(key, add, context);
  const reply: Reply = { id, code: "OK", outcome: "APPLIED", term: context.tenure.term };
  if (result === undefined) return reply;
  const { version, change, degraded } = result;
  return { ...reply, version, degraded, encoding: change.encoding, ...presentValue(change.value) };
}

function integerOf({ value, encoding }: ReadResult): number {
  if (value === undefined) return 0;
  if (compressionOf(encoding) !== 0) {
    throw new CacheError(
      "INVALID_ARGUMENT",
      "the present value is compressed, so it is not added to",
    );
  }
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
  const isText = encoding === CODEC.json || encoding === CODEC.string;
  if (isText && /^-?\d{1,16}$/.test(text)) return Number(text);
  throw new CacheError("INVALID_ARGUMENT", "the present value is not an integer");
}

/**
 * What the caller wants a write to survive, where that is more than nothing.
 *
 * @throws {CacheError} `INVALID_ARGUMENT` when the cache does not offer that.
 */
function ackOf({ ack }: Operation__Output, { config }: ConfiguredCache): WriteBehindAck {
  if (ack === "ACK_DEFAULT" || ack === "MEMORY") return "memory";
  // In the database: there is nothing more that a write could survive.
  if (config.pattern === "write-through") return "memory";
  if (config.pattern === "write-behind") return LEVELS[ack];
  throw new CacheError(
    "INVALID_ARGUMENT",
    `acknowledgement level ${ack} is not offered by ${config.pattern} caches; this one offers memory`,
  );
}

function presentValue(value: Uint8Array | undefined): { value: Buffer } | undefined {
  return value === undefined ? undefined : { value: asBuffer(value) };
}

function after<A, B>(value: A | Promise<A>, then: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? value.then(then) : then(value);
}
