/**
 * The loads of `getOrLoad` that are under way in this client: one for each entry, however many callers
 * ask for it. The cluster sees to it that only one client runs a loader; this saves it the asking.
 *
 * Who wrote the key through this client makes the load under way forgotten: later callers start their
 * own, because what the forgotten one brings may be older than that write.
 */
import { CacheError } from "@holdfast/core";
import type { AbortListeners } from "../calls/abort-listeners.js";
import type { Duration } from "./duration.js";

/** What is to be read, or else loaded. */
export interface Wanted {
  readonly cache: string;
  readonly key: string;
  /** Callers with different codecs do not share results. */
  readonly encoding: number;
  /** Until when the caller waits for others, on the monotonic clock. */
  readonly deadlineMs: number;
  /** Nor do those that take something else for too stale. */
  readonly maxStale?: Duration | undefined;
  /** Nor those that wait for an owner with those that do not. */
  readonly waitForReady?: boolean | undefined;
}

/** A caller's part in a load. */
export interface Joined<T> {
  /** Rejects at once with the signal's reason when the caller's signal aborts. */
  readonly result: Promise<T>;
  /** It was under way already: the cluster may have been asked before this caller came. */
  readonly isLate: boolean;
}

/** What has happened in loads. */
export interface LoadEvents {
  /** Times this client was told to run a loader, for a key. */
  tokens: number;
  /** Loaders that threw. */
  failures: number;
  /** Results that were past their cache's `softTtl`. */
  stale: number;
  /** Results that were past their `ttl`, because loading had failed. */
  inGrace: number;
  /** Tokens for values that were still fresh: see the cache's `refreshAhead`. Part of `tokens`. */
  ahead: number;
}

export interface LoadCounts extends Readonly<LoadEvents> {
  readonly running: number;
  readonly started: number;
  /** Callers that were given the result of a load that another one had started. */
  readonly joined: number;
}

interface Load {
  readonly wanted: Wanted;
  readonly result: Promise<unknown>;
  /** Nothing can have been sent yet. */
  isNew: boolean;
  /** Callers that have not left. */
  callers: number;
}

export class Loads {
  readonly #maxLoads: number;
  readonly #aborts: AbortListeners;
  readonly #running = new Map<string, Load>();
  readonly events: LoadEvents = { tokens: 0, failures: 0, stale: 0, inGrace: 0, ahead: 0 };
  #count = 0;
  #started = 0;
  #joined = 0;

  constructor(maxLoads: number, aborts: AbortListeners) {
    this.#maxLoads = maxLoads;
    this.#aborts = aborts;
  }

  get counts(): LoadCounts {
    return {
      running: this.#count,
      started: this.#started,
      joined: this.#joined,
      ...this.events,
    };
  }

  /**
   * Joins the load of this entry that ends no later than the caller's time, or starts one.
   *
   * @param start - is told how to ask whether any caller still waits for it.
   * @throws {CacheError} `OVERLOADED` when too many loads are running.
   */
  run<T>(
    wanted: Wanted,
    signal: AbortSignal | undefined,
    start: (isWanted: () => boolean) => Promise<T>,
  ): Joined<T> {
    const running = this.#running.get(idOf(wanted.cache, wanted.key));
    const load = running && mayShare(running.wanted, wanted) ? running : this.#start(wanted, start);
    if (load === running) this.#joined += 1;
    load.callers += 1;
    const leave = () => {
      load.callers -= 1;
    };
    // The same cache, key and codec: the same type.
    const result = this.#aborts.leaving(load.result as Promise<T>, signal, leave);
    return { result, isLate: !load.isNew };
  }

  /** The key was written through this client. */
  forget(cache: string, key: string): void {
    if (this.#running.size > 0) this.#running.delete(idOf(cache, key));
  }

  #start(wanted: Wanted, start: (isWanted: () => boolean) => Promise<unknown>): Load {
    if (this.#count >= this.#maxLoads) {
      throw new CacheError("OVERLOADED", `${this.#maxLoads} loads are running already`);
    }
    this.#count += 1;
    this.#started += 1;
    const id = idOf(wanted.cache, wanted.key);
    const result = start(() => load.callers > 0).finally(() => {
      this.#count -= 1;
      if (this.#running.get(id) === load) this.#running.delete(id);
    });
    const load: Load = { wanted, result, isNew: true, callers: 0 };
    // Pipes send what a tick asks for at the end of it, as this does.
    process.nextTick(() => {
      load.isNew = false;
    });
    this.#running.set(id, load);
    return load;
  }
}

function mayShare(running: Wanted, wanted: Wanted): boolean {
  return (
    running.encoding === wanted.encoding &&
    running.maxStale === wanted.maxStale &&
    running.waitForReady === wanted.waitForReady &&
    running.deadlineMs <= wanted.deadlineMs
  );
}

/** Cache names hold no spaces, so the two parts cannot be confused. */
function idOf(cache: string, key: string): string {
  return `${cache} ${key}`;
}
