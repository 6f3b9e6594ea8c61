/**
 * Runs a loader for keys that are this client's to load, and tells their owners what has come of it: so that the
 * values are stored, and all who wait for them in the cluster get them.
 *
 * Its caller gets what was loaded in any case: also if it was not stored, because something else has happened to the
 * key meanwhile, or its owner cannot be reached. Where the loader fails, he gets what the owner keeps of the key in
 * grace.
 */
import { CacheError, type Clock, type Logger, MAX_LOAD_ERROR_LENGTH } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import type { KeyedOperation } from "../calls/plain-operation.js";
import type { LoadOptions } from "./cache-types.js";
import type { Codec } from "./codecs.js";
import { Leases } from "./leases.js";
import type { LoadEvents } from "./loads.js";
import { type EmptyFill, emptyFillOperation, type Fill, fillOperation } from "./requests.js";

/** How long an owner is waited for that is told of a failure, in milliseconds. Without it, the lease tells. */
const MOST_TELLING_MS = 1_000;

/** Loads the values of these keys; a key without one is left out. */
export type LoadMissing<V> = (
  keys: readonly string[],
) => Iterable<readonly [string, V]> | Promise<Iterable<readonly [string, V]>>;

/** What was loaded for one key. */
export interface Loaded<V> {
  readonly at: "loaded";
  /** `undefined`: the loader found nothing. */
  readonly value: V | undefined;
  /** Of its entry; 0: it was not stored. */
  readonly version: number;
  readonly ttlLeftMs: number | undefined;
  /** Something else may have happened to the key since the loader began: others may see something newer. */
  readonly isOutdated: boolean;
}

/** The loader failed. */
export interface Failed {
  readonly at: "failed";
  readonly error: unknown;
  /** What is told instead; `undefined`: nothing. */
  readonly former: Reply__Output | undefined;
}

/** What has become of the keys that somebody waited for. */
export type LoadedKeys<V> = ReadonlyMap<string, Loaded<V> | Failed>;

export interface LoaderRunParts<V> {
  readonly codec: Codec<V>;
  readonly loadMissing: LoadMissing<V>;
  /** Of the entries that are stored, and of what is told instead. */
  readonly options: LoadOptions;
  /** For how long it is remembered that a key has no value; `undefined`: not at all. */
  readonly negativeTtlMs: number | undefined;
  readonly timeoutMs: number;
  readonly send: (operation: KeyedOperation, timeoutMs: number) => Promise<Reply__Output>;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly events: LoadEvents;
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
   * @throws {CacheError} of misuse.
   */
  async run(): Promise<LoadedKeys<V>> {
    const tasks: Task[] = [];
    for (const task of this.#tasks) {
      if (task.isWanted()) tasks.push(task);
      else void this.#tell(task, { fill: "RETURNED" });
    }
    try {
      return tasks.length === 0 ? new Map() : await this.#load(tasks);
    } finally {
      this.#leases.stop();
    }
  }

  async #load(tasks: readonly Task[]): Promise<LoadedKeys<V>> {
    let found: ReadonlyMap<string, V>;
    try {
      found = new Map(await this.#parts.loadMissing(tasks.map(({ key }) => key)));
    } catch (error) {
      return this.#fail(tasks, error);
    }
    const loads = tasks.map(async (task): Promise<[string, Loaded<V>]> => {
      return [task.key, await this.#store(task, found.get(task.key))];
    });
    try {
      return new Map(await Promise.all(loads));
    } catch (error) {
      for (const task of tasks) void this.#tellFailed(task, error);
      throw error;
    }
  }

  /** Waits for the owners' answers only where they may have something to tell, and not for long. */
  async #fail(tasks: readonly Task[], error: unknown): Promise<LoadedKeys<V>> {
    const { logger, events } = this.#parts;
    events.failures += 1;
    // Whoever has got a value already does not hear of it.
    logger.debug({ cache: tasks[0]?.fill?.cache, err: error }, "a loader failed");
    const failures = tasks.map(async (task): Promise<[string, Failed]> => {
      const answer = this.#tellFailed(task, error);
      const former = task.fill?.hasGrace ? await answer : undefined;
      return [task.key, { at: "failed", error, former }];
    });
    return new Map(await Promise.all(failures));
  }

  async #store(task: Task, value: V | undefined): Promise<Loaded<V>> {
    const { fill } = task;
    const unstored: Loaded<V> = {
      at: "loaded",
      value,
      version: 0,
      ttlLeftMs: undefined,
      isOutdated: true,
    };
    if (fill === undefined) return unstored;
    const { codec, options, negativeTtlMs, send, timeoutMs, logger } = this.#parts;
    try {
      const operation =
        value === undefined
          ? emptyFillOperation(fill, { fill: "NOT_FOUND", ...ttlOf(negativeTtlMs) })
          : fillOperation(fill, value, codec, options);
      const { outcome, version, ttlLeftMs } = await send(operation, timeoutMs);
      if (outcome === "NOT_APPLIED") return unstored;
      return { at: "loaded", value, version, ttlLeftMs, isOutdated: false };
    } catch (error) {
      if (isMisuse(error)) throw error;
      const { code } = CacheError.from(error);
      logger.warn({ cache: fill.cache, code }, "a loaded value was not stored");
      // Where its owner has not heard of it, somebody else is to try.
      void this.#tell(task, { fill: "RETURNED" });
      // Only an answer of the owner shows that the token was still good.
      return unstored;
    }
  }

  #tellFailed(task: Task, error: unknown): Promise<Reply__Output | undefined> {
    const message = error instanceof Error ? error.message : String(error);
    const fillError = message.slice(0, MAX_LOAD_ERROR_LENGTH);
    return this.#tell(task, { fill: "FAILED", fillError }, MOST_TELLING_MS);
  }

  /** The answer; `undefined`: there is none, and the lease ends. */
  async #tell(
    { fill }: Task,
    told: EmptyFill,
    mostMs = Number.POSITIVE_INFINITY,
  ): Promise<Reply__Output | undefined> {
    if (fill === undefined) return undefined;
    const { send, timeoutMs, options, logger } = this.#parts;
    try {
      return await send(emptyFillOperation(fill, told, options), Math.min(timeoutMs, mostMs));
    } catch (error) {
      const { code } = CacheError.from(error);
      logger.debug({ cache: fill.cache, code }, "an owner was not told how a load ended");
      return undefined;
    }
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
