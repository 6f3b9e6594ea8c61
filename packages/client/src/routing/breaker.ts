/**
 * Whether a node is worth trying: a circuit breaker for one run of a node. What counts as a failure, and
 * what is done while it is open, is decided in members.ts; this file keeps the count and the time.
 *
 *   closed --failure--> open --its time is over, `tryNow`--> half-open --lasting success--> closed
 *                        ^                                      |
 *                        +--------------- failure --------------+
 *
 * The time for which it is open grows with each failure in a row. A connection that opens and soon fails
 * again is no success: a node that greets well and answers badly would be tried twenty times a second.
 */
import { backoffMs, type CacheError, type Clock, type Random } from "@holdfast/core";

export type BreakerState = "closed" | "open" | "half-open";

/** The first time is short: one failure may be a restart. */
const OPEN = { baseMs: 50, maxMs: 1_000 };
/** A success that has lasted this long ends the row of failures. */
const LASTING_MS = 1_000;

export class Breaker {
  readonly #clock: Clock;
  readonly #random: Random;
  #state: BreakerState = "closed";
  #failures = 0;
  #lastError: CacheError | undefined;
  /** No try before this instant of the monotonic clock. */
  #notBeforeMs = 0;
  /** Since when it goes well. `undefined`: it does not. */
  #wellSinceMs: number | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** In a row. */
  get failures(): number {
    return this.#failures;
  }

  /** What failed last. `undefined` while it is closed. */
  get lastError(): CacheError | undefined {
    return this.#lastError;
  }

  /** Whether a try may begin now. The first one to ask when an open time is over gets the probe. */
  tryNow(): boolean {
    if (this.#state === "closed") return true;
    if (this.#state === "half-open" || this.#clock.monotonic() < this.#notBeforeMs) return false;
    this.#state = "half-open";
    return true;
  }

  /** A try went well, for now. */
  succeeded(): void {
    this.#state = "closed";
    this.#lastError = undefined;
    this.#wellSinceMs = this.#clock.monotonic();
  }

  failed(error: CacheError): void {
    const nowMs = this.#clock.monotonic();
    if (this.#wellSinceMs !== undefined && nowMs - this.#wellSinceMs >= LASTING_MS) {
      this.#failures = 0;
    }
    this.#notBeforeMs = nowMs + backoffMs(this.#failures, OPEN, this.#random);
    this.#failures += 1;
    this.#state = "open";
    this.#lastError = error;
    this.#wellSinceMs = undefined;
  }
}
