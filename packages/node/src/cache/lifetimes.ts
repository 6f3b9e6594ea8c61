/**
 * How long entries live: from the lifetimes that callers and configurations state.
 *
 * Two lives must be told apart: that of a row, which the database keeps, and that of the copy here.
 * A lifetime that a caller states belongs to the row where the row has room for it (Holdfast's own
 * table), else to the copy. The cache's own lifetime only ever bounds copies, and only it is spread.
 */
import { CacheError, type Clock, type Random } from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";

/** What of a cache's configuration says so. All in milliseconds; 0: without end. */
export type Lifetimes = Pick<CacheConfig, "ttlMs" | "ttlJitter" | "negativeTtlMs">;

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

/** The ends of the two lives of what is written now, on the wall clock. */
export interface Expiry {
  /** `undefined`: the row stays until it is deleted. */
  readonly rowExpiresAtMs: number | undefined;
  /** Infinity: the copy stays until it is evicted. */
  readonly copyExpiresAtMs: number;
}

/** @param ttlMs - what the caller states; `undefined`: nothing. */
export function expiryOf(
  ttlMs: number | undefined,
  ownsRows: boolean,
  lifetimes: Lifetimes,
  clock: Clock,
  random: Random,
): Expiry {
  const now = clock.now();
  if (ttlMs === undefined) {
    const copyMs = lifetimeMs(lifetimes.ttlMs, lifetimes.ttlJitter, random);
    return { rowExpiresAtMs: undefined, copyExpiresAtMs: now + copyMs };
  }
  const endsAtMs = now + lifetimeMs(ttlMs, 0, random);
  const rowExpiresAtMs = ownsRows && ttlMs !== 0 ? endsAtMs : undefined;
  return { rowExpiresAtMs, copyExpiresAtMs: endsAtMs };
}
