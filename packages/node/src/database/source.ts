/**
 * A source: the part of the database that stands behind one cache. It loads rows, and writes
 * batches of them, guarded by the versions in the database and by the row of the incarnation that
 * writes. When to load and when to write is the business of the patterns and of the write-behind
 * lanes; how long to keep trying is theirs too: a source sends each statement once.
 *
 * To add a source: write one file here, add one line to `SOURCES` in index.ts. The contract suite
 * (source.contract.ts) then runs against it.
 */
import type { CacheError } from "@holdfast/core";

/** The database does not have what the configuration names. Its message is one line for people. */
export class SourceMismatchError extends Error {
  override readonly name = "SourceMismatchError";
}

export interface LoadedRow {
  /** Absent when there is no row, when it has been deleted, or when it has expired. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** The row's version, or its tombstone's; 0 when the database knows nothing of the key. */
  readonly version: number;
  /** Wall-clock instant from which the row counts as absent. */
  readonly expiresAtMs: number | undefined;
}

/** What the database says of a key, for people. */
export interface RowFacts {
  /** `tombstone`: it was deleted, and that is remembered. */
  readonly state: "absent" | "present" | "tombstone" | "expired";
  /** The row's version, or its tombstone's; 0 when the database knows nothing of the key. */
  readonly version: number;
  readonly expiresAtMs: number | undefined;
  /** When Holdfast wrote it last, by the database's clock; `undefined`: it never did. */
  readonly updatedAtMs: number | undefined;
}

export interface FlushRow {
  readonly key: string;
  readonly version: number;
  /** Absent: the key is deleted. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  readonly expiresAtMs: number | undefined;
}

/**
 * What became of one row: written now; there already, from an earlier attempt; or superseded by a
 * row of a higher version, which is given.
 */
export type RowResult =
  | { readonly at: "applied" | "equal" }
  | { readonly at: "higher"; readonly version: number };

/** Why nothing was written: the incarnation has been fenced, or the database has no row for it. */
export type NotLive = { readonly at: "fenced" } | { readonly at: "missing" };

export type FlushResult =
  | {
      readonly at: "flushed" /** In the order of the rows given. */;
      readonly rows: readonly RowResult[];
    }
  | NotLive;

export interface Source {
  /**
   * Learns from the database what `check` needs to know. `load` does so by itself; whoever writes
   * without reading first awaits this once. May be called again, and after a failure.
   *
   * @throws {DatabaseError} when the database cannot be asked.
   * @throws {SourceMismatchError}
   */
  prepare(): Promise<void>;

  /**
   * Reads rows, in the order of the keys. A key that this source cannot have, because it is of
   * the wrong type or not in canonical form, yields an `INVALID_ARGUMENT` in its place and does
   * not disturb its neighbours.
   *
   * @throws {DatabaseError} when nothing could be read; reading again is always safe.
   * @throws {SourceMismatchError}
   */
  load(keys: readonly string[]): Promise<(LoadedRow | CacheError)[]>;

  /**
   * Writes rows, at most one for a key, in one statement that commits by itself. Replaying it is
   * harmless. Nothing is written unless the incarnation is registered and not fenced.
   *
   * @throws {DatabaseError} for the batch as a whole: either all rows have their result or none.
   */
  flush(incarnation: string, rows: readonly FlushRow[]): Promise<FlushResult>;

  /**
   * Looks at a write before it is accepted, so that what the database would surely refuse is
   * never acknowledged.
   *
   * @throws {CacheError} `INVALID_ARGUMENT`: this write can never succeed; `COMPRESSION_REFUSED`: not
   *   as long as the value is compressed; `UNAVAILABLE`: the source has not been prepared yet.
   */
  check(key: string, value: Uint8Array | undefined, encoding: number): void;

  /**
   * Keys that a query yields, in chunks: its first columns are the key's parts. It runs in a
   * transaction that can only read. Rows that make no valid key are skipped.
   *
   * @throws {DatabaseError}
   */
  keysOf(query: string, limit: number): AsyncIterable<readonly string[]>;

  /**
   * What the database has of a key. Two statements may be needed: it is for people, and nothing may be
   * decided by it.
   *
   * @throws {CacheError} `INVALID_ARGUMENT` when the source cannot have such a key.
   * @throws {DatabaseError}
   * @throws {SourceMismatchError}
   */
  inspect(key: string): Promise<RowFacts>;

  /**
   * Until when a key that has no row may have been deleted without a trace, on the database's wall clock;
   * `undefined`: no tombstone was ever removed. To be asked after the row was found missing.
   *
   * @throws {DatabaseError}
   */
  tombstonesGoneUntil(): Promise<number | undefined>;

  /**
   * Keeps a row that the database refuses where an operator finds it. Parking a row again is
   * harmless. As in `flush`, nothing is written unless the incarnation is live.
   *
   * @throws {DatabaseError}
   */
  deadLetter(
    incarnation: string,
    row: FlushRow,
    problem: { readonly sqlstate: string; readonly message: string },
  ): Promise<{ readonly at: "parked" } | NotLive>;

  /** Whether this version of a key, or a later one, was put aside so. @throws {DatabaseError} */
  isDeadLetter(key: string, version: number): Promise<boolean>;
}
