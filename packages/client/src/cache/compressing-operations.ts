/**
 * The way of a cache's operations into the cluster, on which large values are compressed: those of some
 * ten kilobytes on the spot, the larger ones on a thread of Node's pool, as a part of the operation that
 * its deadline, its abort and the bounds of the client apply to. In flight, a value counts with the size that it has uncompressed.
 *
 * Which caches take no compressed values, because a node makes rows of them, a client learns from the
 * first refusal. Nothing was written then, so the value is sent again as it is; and so are all others of
 * that cache from then on, as long as the client lives.
 */
import { CacheError, type Clock } from "@holdfast/core";
import { compress, compressOnPool, type Operation, type Reply__Output } from "@holdfast/proto";
import type { CallRequest } from "../calls/call.js";
import type { ManyReadRequest } from "../calls/many-read.js";
import type { Operations } from "../calls/operations.js";
import { type KeyedOperation, PlainOperation } from "../calls/plain-operation.js";
import { Preparations, type Work } from "../calls/preparations.js";
import type { CompressionSettings } from "./compression.js";

/**
 * Values from this size on are compressed on the pool. Here gzip would keep this thread for half a
 * millisecond, and other operations from being answered within one; the way to the pool and back takes
 * 55 µs of it (bench/compression.mjs, Node.js 24).
 */
const POOL_FROM_BYTES = 64 * 1024;

/** Half of what Node's pool has by default. */
const MAX_ON_POOL = 2;

/** Of an operation on one key. */
export interface CacheRequest<Result = Reply__Output> extends CallRequest<Result> {
  readonly operation: KeyedOperation | PlainOperation;
}

interface KeyedRequest<Result> extends CallRequest<Result> {
  readonly operation: KeyedOperation;
}

export class CompressingOperations {
  readonly #operations: Pick<Operations, "run" | "readMany">;
  readonly #clock: Clock;
  readonly #preparations = new Preparations(MAX_ON_POOL);
  /** Names of caches that have refused a compressed value; so each of them exists. */
  readonly #refusing = new Set<string>();

  constructor(operations: Pick<Operations, "run" | "readMany">, clock: Clock) {
    this.#operations = operations;
    this.#clock = clock;
  }

  /** @param compression - `undefined`: nothing is compressed. */
  run<Result = Reply__Output>(
    request: CacheRequest<Result>,
    compression: CompressionSettings | undefined,
  ): Promise<Result> {
    const { operation } = request;
    if (!(operation instanceof PlainOperation)) {
      return this.#runKeyed({ ...request, operation }, compression);
    }
    const { thresholdBytes = Number.POSITIVE_INFINITY } = compression ?? {};
    const isSmall = operation.value.length < thresholdBytes;
    if (this.#isInOrder && isSmall) return this.#operations.run(request);
    return this.#runKeyed({ ...request, operation: operation.toOperation() }, compression);
  }

  #runKeyed<Result>(
    request: KeyedRequest<Result>,
    compression: CompressionSettings | undefined,
  ): Promise<Result> {
    const { operation } = request;
    const { kind, cache = "", encoding = 0 } = operation;
    const value = kind === "SET" || kind === "FILL" ? bytesOf(operation) : undefined;
    const isLarge = compression && value && value.byteLength >= compression.thresholdBytes;
    if (!isLarge || this.#refusing.has(cache)) return this.#inOrder(request, operation);
    const plain = { value, encoding };
    if (value.byteLength < POOL_FROM_BYTES) {
      const stored = compress(plain, compression);
      if (stored === plain) return this.#inOrder(request, operation);
      return this.#orPlain(request, this.#inOrder(request, { ...operation, ...stored }));
    }
    const work = async () => ({ ...operation, ...(await compressOnPool(plain, compression)) });
    return this.#orPlain(request, this.#prepared(request, work));
  }

  /** Whether no operation has to wait for a write of the same entry. */
  get #isInOrder(): boolean {
    return this.#preparations.isIdle;
  }

  /** As `Operations.readMany`. */
  readMany(request: ManyReadRequest): Promise<readonly number[]> {
    if (this.#isInOrder) return this.#operations.readMany(request);
    // Some may have to wait for a write of the same entry.
    return Promise.resolve([...request.keys.keys()]);
  }

  /** Behind those of the same entry that are being prepared. */
  #inOrder<Result>(request: KeyedRequest<Result>, operation: Operation): Promise<Result> {
    const mustWait = !this.#isInOrder && this.#preparations.has(entryOf(request));
    if (mustWait) return this.#prepared(request, operation);
    return this.#operations.run(
      operation === request.operation ? request : { ...request, operation },
    );
  }

  #prepared<Result>(request: KeyedRequest<Result>, work: Work): Promise<Result> {
    const entry = entryOf(request);
    return this.#operations.run({
      ...request,
      prepare: (onReady, onFailure) => this.#preparations.enter(entry, work, onReady, onFailure),
    });
  }

  async #orPlain<Result>(
    request: KeyedRequest<Result>,
    compressed: Promise<Result>,
  ): Promise<Result> {
    const deadlineMs = this.#clock.monotonic() + request.timeoutMs;
    try {
      return await compressed;
    } catch (error) {
      if (!(error instanceof CacheError) || error.code !== "COMPRESSION_REFUSED") throw error;
      this.#refusing.add(request.operation.cache ?? "");
      const timeoutMs = Math.max(1, deadlineMs - this.#clock.monotonic());
      return this.#inOrder({ ...request, timeoutMs }, request.operation);
    }
  }
}

/** The codecs of a client make bytes, which an operation made elsewhere might state otherwise. */
function bytesOf({ value }: Operation): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

function entryOf({ operation: { cache = "", key } }: KeyedRequest<unknown>): string {
  return `${cache} ${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1")}`;
}
