/**
 * The source `entries`: Holdfast's own table, for caches whose values have no table of their own.
 * Any key and any value can be stored in it.
 */
import type { CacheError, Clock } from "@holdfast/core";
import { type Database, readTombstonesGoneUntil } from "@holdfast/process";
import {
  bigintArray,
  booleanArray,
  bytesArray,
  integerArray,
  keyArray,
  repeatedText,
} from "./binary-array.js";
import { isDeadLetter } from "./dead-letter-lookup.js";
import { parkDeadLetter } from "./dead-letters.js";
import { checkKeysDiffer, type FlushAnswer, readFlushAnswer } from "./flush-statement.js";
import type { FlushResult, FlushRow, LoadedRow, NotLive, RowFacts, Source } from "./source.js";
import { warmKeys } from "./warm-query.js";

const LOAD_SQL = `
SELECT r.ordinal::integer, e.value, e.encoding, e.version,
  (extract(epoch FROM e.expires_at) * 1000)::bigint AS "expiresAtMs"
FROM unnest($2::bytea[]) WITH ORDINALITY AS r (key, ordinal)
JOIN holdfast_entries AS e ON e.cache = $1 AND e.key = r.key`;

const FLUSH_SQL = "SELECT * FROM holdfast_flush_entries($1, $2, $3, $4, $5, $6, $7, $8)";

const INSPECT_SQL = `
SELECT e.version, e.deleted, (extract(epoch FROM e.expires_at) * 1000)::bigint AS "expiresAtMs",
  (extract(epoch FROM e.updated_at) * 1000)::bigint AS "updatedAtMs"
FROM holdfast_entries AS e WHERE e.cache = $1 AND e.key = $2`;

const ABSENT: LoadedRow = { value: undefined, encoding: 0, version: 0, expiresAtMs: undefined };

const NOTHING: RowFacts = {
  state: "absent",
  version: 0,
  expiresAtMs: undefined,
  updatedAtMs: undefined,
};

interface EntryRow {
  /** The key's place among those asked for, from 1. */
  readonly ordinal: number;
  /** Null in a tombstone. */
  readonly value: Buffer | null;
  readonly encoding: number;
  readonly version: number;
  readonly expiresAtMs: number | null;
}

export class EntriesSource implements Source {
  readonly #cache: string;
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(cache: string, database: Database, clock: Clock) {
    this.#cache = cache;
    this.#database = database;
    this.#clock = clock;
  }

  async prepare(): Promise<void> {}

  async load(keys: readonly string[]): Promise<(LoadedRow | CacheError)[]> {
    const { rows } = await this.#database.query<EntryRow>({
      name: "holdfast-load-entries",
      text: LOAD_SQL,
      values: [this.#cache, keys.map((key) => Buffer.from(key))],
    });
    const loaded: LoadedRow[] = keys.map(() => ABSENT);
    for (const row of rows) loaded[row.ordinal - 1] = this.#toLoaded(row);
    return loaded;
  }

  async flush(incarnation: string, rows: readonly FlushRow[]): Promise<FlushResult> {
    if (rows.length === 0) return { at: "flushed", rows: [] };
    checkKeysDiffer(rows);
    const { rows: answer } = await this.#database.query<FlushAnswer>({
      name: "holdfast-flush-entries",
      text: FLUSH_SQL,
      values: [
        incarnation,
        repeatedText(this.#cache, rows.length),
        keyArray(rows.map(({ key }) => key)),
        bigintArray(rows.map(({ version }) => version)),
        bytesArray(rows.map(({ value }) => value)),
        integerArray(rows.map(({ encoding }) => encoding)),
        bigintArray(rows.map(({ expiresAtMs }) => expiresAtMs)),
        booleanArray(rows.map(({ value }) => value === undefined)),
      ],
    });
    return readFlushAnswer(rows, answer);
  }

  check(): void {}

  keysOf(query: string, limit: number): AsyncIterable<readonly string[]> {
    const toKey = ([key]: readonly (string | null)[]) => key ?? undefined;
    return warmKeys(this.#database, { query, limit, toKey });
  }

  async inspect(key: string): Promise<RowFacts> {
    const { rows } = await this.#database.query<{
      readonly version: number;
      readonly deleted: boolean;
      readonly expiresAtMs: number | null;
      readonly updatedAtMs: number;
    }>({
      name: "holdfast-inspect-entry",
      text: INSPECT_SQL,
      values: [this.#cache, Buffer.from(key)],
    });
    const row = rows[0];
    if (row === undefined) return NOTHING;
    const { version, deleted, updatedAtMs } = row;
    const expiresAtMs = row.expiresAtMs ?? undefined;
    const hasExpired = expiresAtMs !== undefined && expiresAtMs <= this.#clock.now();
    const state = deleted ? "tombstone" : hasExpired ? "expired" : "present";
    return { state, version, expiresAtMs, updatedAtMs };
  }

  tombstonesGoneUntil(): Promise<number | undefined> {
    return readTombstonesGoneUntil(this.#database);
  }

  deadLetter(
    incarnation: string,
    row: FlushRow,
    problem: { readonly sqlstate: string; readonly message: string },
  ): Promise<{ readonly at: "parked" } | NotLive> {
    return parkDeadLetter(this.#database, { incarnation, cache: this.#cache, row, problem });
  }

  isDeadLetter(key: string, version: number): Promise<boolean> {
    return isDeadLetter(this.#database, { cache: this.#cache, key, version });
  }

  /** Judged by this node's clock, as its memory judges the same entry. */
  #toLoaded({ value, encoding, version, expiresAtMs }: EntryRow): LoadedRow {
    const hasExpired = expiresAtMs !== null && expiresAtMs <= this.#clock.now();
    if (value === null || hasExpired) return { ...ABSENT, version };
    return { value, encoding, version, expiresAtMs: expiresAtMs ?? undefined };
  }
}
