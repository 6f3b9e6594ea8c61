/**
 * What the write-behind queue holds, and what it needs from the cache that fills it. The queue
 * decides when which entries are sent; what a flush does to the database and to the store is the
 * cache's matter, behind `FlushSink`.
 */

/** An acknowledged write that the database does not have yet; the newest one of its key. */
export interface DirtyEntry {
  readonly key: string;
  readonly partition: number;
  /** Mutable, because a term that turns out too low is replaced before the entry is sent again. */
  version: number;
  /** `undefined`: the key is to be deleted. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** End of the row's own lifetime, on the wall clock; `undefined`: none. */
  readonly expiresAtMs: number | undefined;
  /** Wall-clock instant of the write. */
  readonly writtenAtMs: number;
  /** It comes from a journal, and keeps the version that it was acknowledged with. */
  readonly isReplayed: boolean;
  /** What it counts for against the queue's bound. */
  readonly bytes: number;
}

/**
 * What became of a row that was sent: `done`, the database has this version or a newer one;
 * `again`, it must be sent once more.
 */
export type RowOutcome = "done" | "again";

/** What a failed flush calls for. */
export type FlushFailure =
  /** The database could not be reached, or may have executed the statement: repeat it. */
  | { readonly at: "retry" }
  /** The database refuses a row of the batch, as it stands. `patient`: it may accept it later. */
  | { readonly at: "refused"; readonly patient: boolean };

export interface FlushSink {
  /** Sends the rows in one statement. Outcomes are in the order of the rows. */
  flush(rows: readonly DirtyEntry[]): Promise<readonly RowOutcome[]>;

  classify(error: unknown): FlushFailure;

  /** Puts a refused row aside for people to look at. */
  park(row: DirtyEntry, error: unknown): Promise<void>;

  /** The row is no longer dirty: its write is in the database, or parked. */
  settled(row: DirtyEntry, how: "persisted" | "parked"): void;
}
