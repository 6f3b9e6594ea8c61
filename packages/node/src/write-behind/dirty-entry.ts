/**
 * What the write-behind queue holds, and what it needs from the cache that fills it. The queue
 * decides when which entries are sent; what a flush does to the database and to the store is the
 * cache's matter, behind `FlushSink`.
 */

/** An acknowledged write that the database does not have yet. */
export interface DirtyWrite {
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
  /** How often the cache had been cleared when it was written. */
  readonly generation: number;
}

/**
 * A write in the queue, with what the queue and its lanes note of it. That stands in the entry itself,
 * because a look into a table for each step of each row is what a queue's time would go into.
 */
export interface DirtyEntry extends DirtyWrite {
  at: "new" | "waiting" | "deferred" | "in-flight" | "left";
  /** Monotonic instant of the first unsent write of the key. */
  sinceMs: number;
  /** How often it was sent, or could not be. */
  attempts: number;
  /** How often the database has refused it. */
  refusals: number;
  /** Of a deferred one: monotonic instant from which it may be sent again. */
  untilMs: number;
  /** Of a waiting one: its place in the line. */
  slot: number;
  /** How many writes the queue had taken with the first unsent one of the key. */
  order: number;
}

export function createDirtyEntry(write: DirtyWrite): DirtyEntry {
  return {
    key: write.key,
    partition: write.partition,
    version: write.version,
    value: write.value,
    encoding: write.encoding,
    expiresAtMs: write.expiresAtMs,
    writtenAtMs: write.writtenAtMs,
    isReplayed: write.isReplayed,
    bytes: write.bytes,
    generation: write.generation,
    at: "new",
    sinceMs: 0,
    attempts: 0,
    refusals: 0,
    untilMs: 0,
    slot: 0,
    order: 0,
  };
}

/**
 * What became of a row that was sent: `done`, the database has this version or a newer one;
 * `again`, it must be sent once more.
 */
export type RowOutcome = "done" | "again";

/** How an entry has left the queue: the database has it, or a later write of its key; or it is parked. */
export type Fate = "persisted" | "parked";

/** What a failed flush calls for. */
export type FlushFailure =
  /**
   * The database could not be reached, or may have executed the statement: repeat it. `isTimeout`: it
   * took too long.
   */
  | { readonly at: "retry"; readonly isTimeout: boolean }
  /** The database refuses a row of the batch, as it stands. `patient`: it may accept it later. */
  | { readonly at: "refused"; readonly patient: boolean };

export interface FlushSink {
  /** Sends the rows in one statement. Outcomes are in the order of the rows. */
  flush(rows: readonly DirtyEntry[]): Promise<readonly RowOutcome[]>;

  classify(error: unknown): FlushFailure;

  /** Puts a refused row aside for people to look at. */
  park(row: DirtyEntry, error: unknown): Promise<void>;

  /** These rows are no longer dirty: their writes are in the database, or parked. */
  settled(rows: readonly DirtyEntry[], fate: Fate): void;
}
