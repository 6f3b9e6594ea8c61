/**
 * Runs a loader for keys that are this client's to load, and tells their owners what has come of it: so that the
 * values are stored, and all who wait for them in the cluster get them.
 *
 * Its caller gets what was loaded in any case: also if it was not stored, because something else has happened to the
 * key meanwhile, or its owner cannot be reached.
 */
import { CacheError, type Clock, type Logger, MAX_LOAD_ERROR_LENGTH } from "@holdfast/core";
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

interface Task {
  readonly key: string;
  /** `undefined`: nothing is stored. */
  readonly fill: Fill | undefined;
  /** Whether a caller still waits for it. */
  readonly isWanted: () => boolean;
}

export class LoaderRun<V> {
  readonly #parts: LoaderRunParts<V>;
  readonly #leases: Leases;
  readonly #tasks: Task[] = [];

  constructor(parts: LoaderRunParts<V>) {
    this.#parts = parts;
    this.#leases = new Leases(parts);
  }

  /** Takes a key that is to be loaded. Its lease is kept from now on. */
  add(fill: Fill, leaseMs: number, isWanted: () => boolean): void {
    this.#tasks.push({ key: fill.key, fill, isWanted });
    this.#leases.add(fill, leaseMs);
  }

  /** Takes a key that is to be loaded without a token: others may do so too, and nothing is stored. */
  addAlone(key: string, isWanted: () => boolean): void {
    this.#tasks.push({ key, fill: undefined, isWanted });
  }

  /**
   * Runs the loader once, for all keys that somebody still waits for.
   *
   * @throws what the loader throws, and `CacheError` of misuse.
   */
  async run(): Promise<ReadonlyMap<string, Loaded<V>>> {
    const tasks: Task[] = [];
    for (const task of this.#tasks) {
      if (task.isWanted()) tasks.push(task);
      else this.#tell(task, { fill: "RETURNED" });
    }
    try {
      if (tasks.length === 0) return new Map();
      const found = new Map(await this.#parts.loadMissing(tasks.map(({ key }) => key)));
      const loads = tasks.map(async (task): Promise<[string, Loaded<V>]> => {
        return [task.key, await this.#store(task, found.get(task.key))];
      });
      return new Map(await Promise.all(loads));
    } catch (error) {
      const fillError = error instanceof Error ? error.message : String(error);
      const failed = {
        fill: "FAILED",
        fillError: fillError.slice(0, MAX_LOAD_ERROR_LENGTH),
      } as const;
      for (const task of tasks) this.#tell(task, failed);
      throw error;
    } finally {
      this.#leases.stop();
    }
  }

  async #store(task: Task, value: V | undefined): Promise<Loaded<V>> {
    const { fill } = task;
    if (fill === undefined) return { at: "loaded", value, isOutdated: true };
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
      this.#tell(task, { fill: "RETURNED" });
      // Only an answer of the owner shows that the token was still good.
      return { at: "loaded", value, isOutdated: true };
    }
  }

  /** Nobody waits for the answer: if it does not arrive, the lease ends. */
  #tell({ fill }: Task, told: EmptyFill): void {
    if (fill === undefined) return;
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
