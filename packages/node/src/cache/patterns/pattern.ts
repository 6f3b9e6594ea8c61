/**
 * What distinguishes the caching patterns: where a read that missed goes, and what a write does
 * before it is acknowledged. Everything else about an operation is the same for all (../cache.ts).
 *
 * To add a pattern: one file here, one line in index.ts.
 */
import type { JournalRecord, ReplayOutcome } from "../../journal/record.js";
import type { Key } from "../../store/sought-key.js";
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
  /** From which age on the copy is stale, in milliseconds; 0: never; `undefined`: as the cache says. */
  readonly softTtlMs?: number | undefined;
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

/** What became of the writes that were dirty when a flush was asked for. */
export interface FlushReport {
  /** The database has them, or later ones of their keys. */
  readonly persisted: number;
  /** They are dead letters. */
  readonly refused: number;
  /** Time was over before. */
  readonly dirty: number;
  /** Their partitions went to other nodes, who have them. */
  readonly moved: number;
  /** Keys of the refused and the dirty ones, as many as a report may have. */
  readonly refusedKeys: readonly string[];
  readonly dirtyKeys: readonly string[];
}

export const NOTHING_DIRTY: FlushReport = {
  persisted: 0,
  refused: 0,
  dirty: 0,
  moved: 0,
  refusedKeys: [],
  dirtyKeys: [],
};

export interface Pattern {
  /** Whether callers may write. Deleting is always allowed; where this is true it invalidates. */
  readonly isReadOnly: boolean;

  /** Whether a write has been made as soon as memory has it, and nothing else is to be done or waited for. */
  readonly isMemoryAlone?: boolean;

  /**
   * Called before every operation of a caller.
   *
   * @throws {CacheError} `UNAVAILABLE` while what former owners acknowledged may be missing.
   */
  checkComplete?(context: OperationContext): void;

  /** A read found nothing in memory. */
  miss(key: string, context: OperationContext): ReadResult | Promise<ReadResult>;

  /** Whether there is anything that `unresolved` would tell of. */
  readonly hasUnresolved: boolean;

  /**
   * Something to wait for before the key may be read or written: a write whose outcome is being
   * found out.
   * `undefined`: nothing.
   */
  unresolved(key: Key): Occurrence | undefined;

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

  /**
   * Waits until the database has this version of a key, or a later one; `false`: it had not at the
   * deadline. Absent where the pattern writes to no database.
   *
   * @throws {CacheError} `DEAD_LETTER`, `WRITE_LOST`.
   * @throws {PartitionMovingError} to be asked again, here or at the next owner.
   */
  persisted?(key: string, version: number, context: OperationContext): Promise<boolean>;

  /** Sends the newest write of a key to the database now, and waits for it. As `flushAll`. */
  flushKey?(key: string, context: OperationContext): Promise<FlushReport>;

  /** Sends what is dirty to the database now, and waits for it until the deadline. */
  flushAll?(deadlineMs: number): Promise<FlushReport>;

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
  uncommitted?(key: string, partition: number): Promise<unknown> | undefined;

  /** Forgets a partition; returns how many dirty entries there were. */
  drop?(partition: number): number;

  /** The cache has been cleared. */
  clear?(): void;

  /** Ends what goes on in the background. */
  stop?(): Promise<void>;

  /** Whether an entry, which is dirty, has outlived its row's lifetime. */
  hasExpiredDirty(entry: Pick<Mutation, "key" | "partition">, nowMs: number): boolean;
}
