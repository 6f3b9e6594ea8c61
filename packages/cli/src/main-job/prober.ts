/**
 * Measures for how long keys could not be read: it reads each of a set of keys over and over, at a
 * steady pace, and keeps the longest time from asking for a key until it was there.
 *
 * The SDK retries within the call, so that time is the gap as a caller feels it. A call that fails
 * does not end the gap: the next success of that key does.
 */
import { type Clock, delay } from "@holdfast/core";

/** The part of a cache that is needed. */
export interface ProbedCache {
  get(key: string): Promise<unknown>;
}

export interface ProberOptions {
  readonly keys: readonly string[];
  readonly clock: Clock;
  /** From one read of a key to the next. */
  readonly paceMs: number;
}

export class Prober {
  readonly #cache: ProbedCache;
  readonly #options: ProberOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<unknown>;
  #longestMs = 0;
  #failures = 0;

  /** Begins at once. */
  constructor(cache: ProbedCache, options: ProberOptions) {
    this.#cache = cache;
    this.#options = options;
    this.#done = Promise.all(options.keys.map((key) => this.#probe(key)));
  }

  /** Resolves when the reads under way have ended. May be called again. */
  async stop(): Promise<{ readonly longestMs: number; readonly failures: number }> {
    this.#stop.abort();
    await this.#done;
    return { longestMs: this.#longestMs, failures: this.#failures };
  }

  /** Forgets what it has measured so far. */
  reset(): void {
    this.#longestMs = 0;
    this.#failures = 0;
  }

  async #probe(key: string): Promise<void> {
    const { clock, paceMs } = this.#options;
    const { signal } = this.#stop;
    let askedAtMs: number | undefined;
    while (!signal.aborted) {
      askedAtMs ??= clock.monotonic();
      try {
        await this.#cache.get(key);
        this.#longestMs = Math.max(this.#longestMs, clock.monotonic() - askedAtMs);
        askedAtMs = undefined;
      } catch {
        this.#failures++;
      }
      await delay(clock, paceMs);
    }
    // Out of reach to the end: the gap is at least as long as was waited.
    if (askedAtMs !== undefined) {
      this.#longestMs = Math.max(this.#longestMs, clock.monotonic() - askedAtMs);
    }
  }
}
