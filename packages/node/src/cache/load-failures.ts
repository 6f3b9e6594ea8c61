/**
 * Keys whose loaders have failed: for how long nobody is to try again, and what is said meanwhile.
 *
 * A loader that fails is mostly a database in trouble, and everybody who missed the key would try at once. So
 * nobody gets a token for 100 ms at first, then for twice as long with each failure in a row, up to 5 s, and half of that
 * at random: the first wait costs a caller nothing that he would notice, and the longest is no longer than
 * a client waits by default. A key that nobody has asked for since twice its wait begins anew.
 */
import {
  backoffMs,
  CacheError,
  type Clock,
  MAX_LOAD_ERROR_LENGTH,
  type Random,
} from "@holdfast/core";

const BACKOFF = { baseMs: 100, maxMs: 5_000 };

/** Most keys that are remembered; beyond them the oldest are forgotten. */
const MAX_KEYS = 10_000;

interface Failure {
  readonly message: string;
  /** In a row. */
  readonly count: number;
  /** Monotonic. */
  readonly pausedUntilMs: number;
  readonly forgottenAtMs: number;
}

export class LoadFailures {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #failures = new Map<string, Failure>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#failures.size;
  }

  /** @throws {CacheError} `LOAD_FAILED` while nobody is to load this key. */
  check(key: string): void {
    const failure = this.#failures.get(key);
    if (failure !== undefined && this.isPaused(key)) throw loadFailed(failure.message);
  }

  /** Whether nobody is to load this key now. */
  isPaused(key: string): boolean {
    const failure = this.#failures.get(key);
    return failure !== undefined && this.#clock.monotonic() < failure.pausedUntilMs;
  }

  /** The loader of a key has failed. Returns what those are told who waited for it. */
  note(key: string, message: string): CacheError {
    const nowMs = this.#clock.monotonic();
    const before = this.#failures.get(key);
    const earlier = before !== undefined && nowMs < before.forgottenAtMs ? before.count : 0;
    const waitMs = backoffMs(earlier, BACKOFF, this.#random);
    const failure: Failure = {
      message: message.slice(0, MAX_LOAD_ERROR_LENGTH),
      count: earlier + 1,
      pausedUntilMs: nowMs + waitMs,
      forgottenAtMs: nowMs + 2 * waitMs,
    };
    // The newest are last.
    this.#failures.delete(key);
    this.#failures.set(key, failure);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= MAX_KEYS) break;
      this.#failures.delete(oldest);
    }
    return loadFailed(failure.message);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  clear(): void {
    this.#failures.clear();
  }
}

function loadFailed(message: string): CacheError {
  return new CacheError("LOAD_FAILED", `the key's loader failed: ${message}`);
}
