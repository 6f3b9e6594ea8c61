/**
 * Runs a loader for keys that are this client's to load, and tells their owners what has come of it: so that the
 * values are stored, and all who wait for them in the cluster get them.
 *
 * Its caller gets what was loaded in any case: also if it was not stored, because something else has happened to the
 * key meanwhile, or its owner cannot be reached.
 */
import { CacheError, type Clock, type Logger } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import type { WriteOptions } from "./cache-types.js";
import type { Codec } from "./codecs.js";
import { Leases } from "./leases.js";
import {
  type EmptyFill,
  emptyFillOperation,
  type Fill,
  fillOperation,
  type KeyedOperation,
} from "./requests.js";

/** Loads the values of these keys; a key without one is left out. */
export type LoadMissing<V> = (
  keys: readonly string[],
) => Iterable<readonly [string, V]> | Promise<Iterable<readonly [string, V]>>;

/** What was loaded for one key. */
export interface Loaded<V> {
  readonly at: "loaded";
  /** `undefined`: the loader found nothing. */
  readonly value: V | undefined;
  /** Something else may have happened to the key since the loader began: others may see something newer. */
  readonly isOutdated: boolean;
}

export interface LoaderRunParts<V> {
  readonly codec: Codec<V>;
  readonly loadMissing: LoadMissing<V>;
  /** Of the entries that are stored. */
  readonly options: WriteOptions;
  /** For how long it is remembered that a key has no value; `undefined`: not at all. */
  readonly negativeTtlMs: number | undefined;
  readonly timeoutMs: number;
  readonly send: (operation: KeyedOperation, timeoutMs: number) => Promise<Reply__Output>;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly logger: Logger;
}

interface Granted {
  readonly fill: Fill;
  /** Whether a caller still waits for it. */
  readonly isWanted: () => boolean;
}

/** Most characters of a loader's error that go to others. */
const MAX_ERROR_LENGTH = 500;

export class LoaderRun<V> {
  readonly #parts: LoaderRunParts<V>;
  readonly #leases: Leases;
  readonly #granted: Granted[] = [];

  constructor(parts: LoaderRunParts<V>) {
    this.#parts = parts;
    this.#leases = new Leases(parts);
  }

  /** Takes a key that is to be loaded. Its lease is kept from now on. */
  add(fill: Fill, leaseMs: number, isWanted: () => boolean): void {
    this.#granted.push({ fill, isWanted });
    this.#leases.add(fill, leaseMs);
  }

  /**
   * Runs the loader once, for all keys that somebody still waits for.
   *
   * @throws what the loader throws, and `CacheError` of misuse.
   */
  async run(): Promise<ReadonlyMap<string, Loaded<V>>> {
    const fills: Fill[] = [];
    for (const { fill, isWanted } of this.#granted) {
      if (isWanted()) fills.push(fill);
      else this.#tell(fill, { fill: "RETURNED" });
    }
    try {
      if (fills.length === 0) return new Map();
      const found = new Map(await this.#parts.loadMissing(fills.map(({ key }) => key)));
      const loaded = await Promise.all(fills.map((fill) => this.#store(fill, found.get(fill.key))));
      return new Map(fills.map(({ key }, index) => [key, loaded[index] as Loaded<V>]));
    } catch (error) {
      const fillError = error instanceof Error ? error.message : String(error);
      const failed = { fill: "FAILED", fillError: fillError.slice(0, MAX_ERROR_LENGTH) } as const;
      for (const fill of fills) this.#tell(fill, failed);
      throw error;
    } finally {
      this.#leases.stop();
    }
  }

  async #store(fill: Fill, value: V | undefined): Promise<Loaded<V>> {
    const { codec, options, negativeTtlMs, send, timeoutMs, logger } = this.#parts;
    try {
      const operation =
        value === undefined
          ? emptyFillOperation(fill, { fill: "NOT_FOUND", ...ttlOf(negativeTtlMs) })
          : fillOperation(fill, value, codec, options);
      const { outcome } = await send(operation, timeoutMs);
      return { at: "loaded", value, isOutdated: outcome === "NOT_APPLIED" };
    } catch (error) {
      if (isMisuse(error)) throw error;
      const { code } = CacheError.from(error);
      logger.warn({ cache: fill.cache, code }, "a loaded value was not stored");
      // Where its owner has not heard of it, somebody else is to try.
      this.#tell(fill, { fill: "RETURNED" });
      // Only an answer of the owner shows that the token was still good.
      return { at: "loaded", value, isOutdated: true };
    }
  }

  /** Nobody waits for the answer: if it does not arrive, the lease ends. */
  #tell(fill: Fill, told: EmptyFill): void {
    const { send, timeoutMs, logger } = this.#parts;
    send(emptyFillOperation(fill, told), timeoutMs).catch((error: unknown) => {
      const { code } = CacheError.from(error);
      logger.debug({ cache: fill.cache, code }, "an owner was not told how a load ended");
    });
  }
}

function ttlOf(negativeTtlMs: number | undefined): { readonly ttlMs?: number } {
  return negativeTtlMs === undefined ? {} : { ttlMs: negativeTtlMs };
}

/** Failures of storing a loaded value that no retry and no waiting will ever mend. */
function isMisuse(error: unknown): boolean {
  const { code } = CacheError.from(error);
  return code === "INVALID_ARGUMENT" || code === "READ_ONLY" || code === "UNKNOWN_CACHE";
}
