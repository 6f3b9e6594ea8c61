/**
 * How long entries live: from the lifetimes that callers and configurations state.
 *
 * Two lives must be told apart: that of a row, which the database keeps, and that of the copy here.
 * A lifetime that a caller states belongs to the row where the row has room for it (Holdfast's own
 * table), else to the copy. The cache's own lifetimes only ever bound copies, and only they are spread.
 */
import { CacheError, type Random } from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";
import type { Entry } from "../store/entry.js";
import { INSTANT_MS } from "../store/instants.js";
import { ownSoftTtlMs } from "./own-soft-ttl.js";

/** What of a cache's configuration says so. All in milliseconds; 0: without end. */
export type Lifetimes = Pick<CacheConfig, "ttlMs" | "softTtlMs" | "ttlJitter" | "negativeTtlMs">;

const MAX_TTL_MS = 100 * 366 * 86_400_000;

/** A lifetime with its jitter; Infinity for 0. */
export function lifetimeMs(ttlMs: number, jitter: number, random: Random): number {
  if (ttlMs === 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.round(ttlMs * (1 - jitter * random.next())));
}

/**
 * From when on an entry is stale; Infinity: never. That is so of what is dirty or unpersisted, which is newer than the
 * database, and of an absence, which has a lifetime of its own. What a caller has stated for the entry is meant
 * exactly. Of the cache's own nothing is kept of it with the entry: its jitter follows from its key and from when it
 * was written, so that it is the same at each read, and at the next owner.
 */
export function staleFromMs(
  entry: Pick<Entry, "writtenAtMs" | "pinned" | "value" | "encoding">,
  keyHash: number,
  lifetimes: Lifetimes,
): number {
  const { writtenAtMs, pinned, value } = entry;
  if (pinned || value === undefined) return Number.POSITIVE_INFINITY;
  const ownMs = ownSoftTtlMs(entry);
  if ((ownMs ?? lifetimes.softTtlMs) === 0) return Number.POSITIVE_INFINITY;
  if (ownMs !== undefined) return writtenAtMs + ownMs;
  return valueStaleFromMs(writtenAtMs, keyHash, lifetimes);
}

/** As `staleFromMs`, of a value that is clean and has no soft lifetime of its own, where the cache has one. */
export function valueStaleFromMs(
  writtenAtMs: number,
  keyHash: number,
  { softTtlMs, ttlJitter }: Lifetimes,
): number {
  if (ttlJitter === 0) return writtenAtMs + softTtlMs;
  return writtenAtMs + softTtlMs * (1 - ttlJitter * shareOf(keyHash, writtenAtMs));
}

/** Evenly from 0 to 1, by the last steps of murmur3. */
function shareOf(keyHash: number, writtenAtMs: number): number {
  let mixed = keyHash ^ Math.imul(Math.floor(writtenAtMs / INSTANT_MS), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** @throws {CacheError} `INVALID_ARGUMENT` when it is negative or absurdly long. */
export function checkTtl(ttlMs: number | undefined, name = "TTL"): void {
  if (ttlMs === undefined || (ttlMs >= 0 && ttlMs <= MAX_TTL_MS)) return;
  const problem = ttlMs < 0 ? "is negative" : "is longer than 100 years";
  throw new CacheError("INVALID_ARGUMENT", `the ${name} of ${ttlMs} ms ${problem}`);
}

/** The ends of the two lives of what is written, on the wall clock. */
export interface Expiry {
  /** `undefined`: the row stays until it is deleted. */
  readonly rowExpiresAtMs: number | undefined;
  /** Infinity: the copy stays until it is evicted. */
  readonly copyExpiresAtMs: number;
}

/** What a write says of lifetimes. */
export interface StatedLife {
  /** `undefined`: nothing. */
  readonly ttlMs: number | undefined;
  /** On the wall clock. */
  readonly writtenAtMs: number;
  /** Whether rows have room for it. */
  readonly ownsRows: boolean;
}

export function expiryOf(
  { ttlMs, writtenAtMs, ownsRows }: StatedLife,
  lifetimes: Lifetimes,
  random: Random,
): Expiry {
  if (ttlMs === undefined) {
    const copyMs = lifetimeMs(lifetimes.ttlMs, lifetimes.ttlJitter, random);
    return { rowExpiresAtMs: undefined, copyExpiresAtMs: writtenAtMs + copyMs };
  }
  const endsAtMs = writtenAtMs + lifetimeMs(ttlMs, 0, random);
  const rowExpiresAtMs = ownsRows && ttlMs !== 0 ? endsAtMs : undefined;
  return { rowExpiresAtMs, copyExpiresAtMs: endsAtMs };
}
