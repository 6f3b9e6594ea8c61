/** How long entries live: from the lifetimes that callers and configurations state. */
import { CacheError, type Random } from "@holdfast/core";

/** The part of a cache's configuration that says so. All in milliseconds; 0: without end. */
export interface Lifetimes {
  readonly ttlMs: number;
  /** Largest share taken off at random, so that entries written together do not end together. */
  readonly ttlJitter: number;
  /** 0: absent rows are not remembered. */
  readonly negativeTtlMs: number;
}

const MAX_TTL_MS = 100 * 366 * 86_400_000;

/** A lifetime with its jitter; Infinity for 0. */
export function lifetimeMs(ttlMs: number, jitter: number, random: Random): number {
  if (ttlMs === 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.round(ttlMs * (1 - jitter * random.next())));
}

/** @throws {CacheError} `INVALID_ARGUMENT` when it is negative or absurdly long. */
export function checkTtl(ttlMs: number | undefined): void {
  if (ttlMs === undefined || (ttlMs >= 0 && ttlMs <= MAX_TTL_MS)) return;
  const problem = ttlMs < 0 ? "is negative" : "is longer than 100 years";
  throw new CacheError("INVALID_ARGUMENT", `the TTL of ${ttlMs} ms ${problem}`);
}
