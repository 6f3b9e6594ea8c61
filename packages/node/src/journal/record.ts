/** An acknowledged write as journals, backups and replays know it. */

export interface JournalRecord {
  /** Id of the cache; names may be used again, ids never are. */
  readonly cacheId: number;
  readonly partition: number;
  readonly key: string;
  readonly version: number;
  /** `undefined`: the key was deleted. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** End of the row's lifetime, on the wall clock; `undefined`: none. */
  readonly expiresAtMs: number | undefined;
  /** Wall-clock instant at which the write was made. */
  readonly writtenAtMs: number;
}

/** What names a record. A later write of the same key takes its place. */
export type RecordName = Pick<JournalRecord, "cacheId" | "partition" | "key">;

/** A record on its way to its owner: which partition it belongs to, its key says. */
export type ReplayedRecord = Omit<JournalRecord, "partition">;

/**
 * What an owner says of a record. `persisted`: the database has this write or a later one, or it was
 * put aside for people. `pending`: it is a dirty entry of this owner now. `later`: not now, or not here.
 */
export type ReplayOutcome = "persisted" | "pending" | "later";
