/**
 * How much a client may add, by repeating itself, to the load of nodes that have said that it is too
 * much: a tenth of what it asks anyway (Beyer et al., "Site Reliability Engineering", ch. 22; gRPC A6,
 * "retry throttling"). Without that, a node that refuses half of its load is sent several times that
 * load, and stays overloaded after the cause has gone.
 *
 * Each first attempt earns a tenth of a retry. A quiet client, which has earned nothing, may retry from
 * a reserve that fills up with time. Which retries have to be paid for is decided in retry.ts.
 */
import { CacheError, type Clock } from "@holdfast/core";

/** First attempts that earn one retry. */
const ATTEMPTS_PER_RETRY = 10;
/** Retries that can be saved up: one full flight of operations may be refused at once. */
const MAX_EARNED = 1_000;
/** Retries of a client that has earned none, and how many of them come back in a second. */
const RESERVE = 10;
const RESERVE_PER_MS = RESERVE / 1_000;

export class RetryBudget {
  readonly #clock: Clock;
  /** In first attempts, so that earning is an addition of whole numbers. */
  #earned = 0;
  #reserve = RESERVE;
  #reserveAtMs: number;
  #spent = 0;
  #refused = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#reserveAtMs = clock.monotonic();
  }

  /** Retries that were paid for. */
  get spent(): number {
    return this.#spent;
  }

  /** Retries that could not be paid for. */
  get refused(): number {
    return this.#refused;
  }

  /** Retries that could be paid for at this moment. */
  get left(): number {
    this.#fillReserve();
    return Math.floor(this.#earned / ATTEMPTS_PER_RETRY) + Math.floor(this.#reserve);
  }

  /** First attempts are made. */
  earn(attempts = 1): void {
    this.#earned = Math.min(this.#earned + attempts, MAX_EARNED * ATTEMPTS_PER_RETRY);
  }

  /** Pays for a retry; says whether there was enough for it. */
  spend(): boolean {
    if (this.#earned >= ATTEMPTS_PER_RETRY) {
      this.#earned -= ATTEMPTS_PER_RETRY;
    } else {
      this.#fillReserve();
      if (this.#reserve < 1) {
        this.#refused += 1;
        return false;
      }
      this.#reserve -= 1;
    }
    this.#spent += 1;
    return true;
  }

  #fillReserve(): void {
    const nowMs = this.#clock.monotonic();
    const filled = this.#reserve + (nowMs - this.#reserveAtMs) * RESERVE_PER_MS;
    this.#reserve = Math.min(RESERVE, filled);
    this.#reserveAtMs = nowMs;
  }
}

/** What an operation fails with whose retry could not be paid for. */
export function notRetried(cause: CacheError): CacheError {
  const why = "not tried again, because the retry budget of this client is used up";
  return new CacheError(cause.code, `${cause.message}; ${why}`, { cause });
}
