/**
 * The loads of `getOrLoad` that are running in this client: one for each entry that was missed,
 * however many callers missed it.
 *
 * A caller may join a load only if it missed the very same state of the entry. Who wrote the key
 * through this client makes the running load forgotten: later callers start their own, and what
 * the forgotten one brings is not stored, because it may be older than that write.
 */
import { CacheError } from "@holdfast/core";

/** The state of an entry that was missed. */
export interface Missed {
  readonly cache: string;
  readonly key: string;
  /** The version that the read named. */
  readonly version: number;
  /** Callers with different codecs do not share results. */
  readonly encoding: number;
}

export interface LoadCounts {
  readonly running: number;
  readonly started: number;
  /** Callers that were given the result of a load that another one had started. */
  readonly joined: number;
}

interface Load {
  readonly missed: Missed;
  readonly result: Promise<unknown>;
}

export class Loads {
  readonly #maxLoads: number;
  readonly #running = new Map<string, Load>();
  #count = 0;
  #started = 0;
  #joined = 0;

  constructor(maxLoads: number) {
    this.#maxLoads = maxLoads;
  }

  get counts(): LoadCounts {
    return { running: this.#count, started: this.#started, joined: this.#joined };
  }

  /**
   * Joins the load of the same miss, or starts one. `start` is told how to ask whether its result
   * may still be stored.
   *
   * @throws {CacheError} `OVERLOADED` when too many loads are running.
   */
  run<T>(missed: Missed, start: (isCurrent: () => boolean) => Promise<T>): Promise<T> {
    const id = idOf(missed.cache, missed.key);
    const running = this.#running.get(id);
    if (
      running !== undefined &&
      running.missed.version === missed.version &&
      running.missed.encoding === missed.encoding
    ) {
      this.#joined += 1;
      // The same cache, key and codec: the same type.
      return running.result as Promise<T>;
    }
    if (this.#count >= this.#maxLoads) {
      throw new CacheError("OVERLOADED", `${this.#maxLoads} loads are running already`);
    }
    this.#count += 1;
    this.#started += 1;
    const isCurrent = (): boolean => this.#running.get(id) === load;
    const result = start(isCurrent).finally(() => {
      this.#count -= 1;
      if (isCurrent()) this.#running.delete(id);
    });
    const load: Load = { missed, result };
    this.#running.set(id, load);
    return result;
  }

  /** The key was written through this client. */
  forget(cache: string, key: string): void {
    if (this.#running.size > 0) this.#running.delete(idOf(cache, key));
  }
}

/** Cache names hold no spaces, so the two parts cannot be confused. */
function idOf(cache: string, key: string): string {
  return `${cache} ${key}`;
}
