/**
 * What distinguishes the caching patterns: where a read that missed goes, and what a write does
 * before it is acknowledged. Everything else about an operation is the same for all (../cache.ts).
 *
 * To add a pattern: one file here, one line in index.ts.
 */
import type { JournalRecord, ReplayOutcome } from "../../journal/record.js";
import type { WriteBehindQueue } from "../../write-behind/queue.js";
import type { OperationContext, ReadResult } from "../context.js";
import type { Occurrence } from "../occurrence.js";

/** A write that has been checked and has its version; the cache holds the key's turn. */
export interface Mutation {
  readonly key: string;
  readonly partition: number;
  readonly version: number;
  /** `undefined`: a deletion. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** End of the row's own lifetime; `undefined`: none. */
  readonly rowExpiresAtMs: number | undefined;
  /** End of the cached copy's lifetime; Infinity: none. */
  readonly copyExpiresAtMs: number;
}

/** What is known when `write` returns. */
export type Written =
  /** The write has reached what it is to survive. */
  | undefined
  /** It is being carried out; later writes of its key wait for that. */
  | Promise<void>
  /** It has been carried out here; later writes of its key need not wait for what is left. */
  | { readonly survives: Promise<Survival> };

/** Whether a write survives all that its level says, or no backup was there to have it. */
export type Survival = "whole" | "degraded";

/** A write as a journal brings it back. */
export type AcknowledgedWrite = Omit<JournalRecord, "cacheId">;

export interface Pattern {
  /** Whether callers may write. Deleting is always allowed; where this is true it invalidates. */
  readonly isReadOnly: boolean;

  /**
   * Called before every operation of a caller.
   *
   * @throws {CacheError} `UNAVAILABLE` while what former owners acknowledged may be missing.
   */
  checkComplete?(context: OperationContext): void;

  /** A read found nothing in memory. */
  miss(key: string, context: OperationContext): ReadResult | Promise<ReadResult>;

  /**
   * Something to wait for before the key may be read or written: a write whose outcome is being
   * found out.
   * `undefined`: nothing.
   */
  unresolved(key: string): Occurrence | undefined;

  /**
   * Waits until a write of this size may be accepted; `undefined`: at once.
   *
   * @throws {CacheError} `OVERLOADED`: nothing was written.
   */
  room(key: string, bytes: number, context: OperationContext): Promise<void> | undefined;

  /**
   * Carries out a write, and says what there is to wait for before it is acknowledged.
   *
   * @throws {CacheError} whatever the code says about the outcome.
   */
  write(mutation: Mutation, context: OperationContext): Written;

  /** The dirty entries, where the pattern has such. */
  readonly queue?: WriteBehindQueue;

  /**
   * Takes over a write that an earlier owner acknowledged, in its key's turn: under the version that
   * it has, unless the database has that or a later one.
   *
   * @throws {CacheError} when that cannot be found out now.
   */
  takeOver?(write: AcknowledgedWrite, context: OperationContext): Promise<ReplayOutcome>;

  /** Takes over a write that this node has kept for the owner before; nothing may refuse it. */
  adopt?(write: AcknowledgedWrite): void;

  /** What is dirty in a partition, as others are to have it. */
  dirty?(partition: number): Iterable<AcknowledgedWrite>;

  /** Whether those others are to have it in their journals. */
  readonly copiesNeedJournal?: boolean;

  /**
   * Something to wait for before a dirty entry may be shown: until it is where its cache's level says
   * it must be, it could still be lost. `undefined`: nothing.
   */
  uncommitted?(key: string): Promise<unknown> | undefined;

  /** Forgets a partition; returns how many dirty entries there were. */
  drop?(partition: number): number;

  /** The cache has been cleared. */
  clear?(): void;

  /** Ends what goes on in the background. */
  stop?(): Promise<void>;

  /** Whether the entry under this key, which is dirty, has outlived its row's lifetime. */
  hasExpiredDirty(key: string, nowMs: number): boolean;
}
