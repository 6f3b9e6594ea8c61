/**
 * Rows that the database refuses, kept where an operator finds them; and what operators do with them.
 *
 * Parking one is one statement, which checks the writer as a flush does: the row's share lock makes it wait
 * for a fence, or a fence for it. Everything else only touches letters, so nobody's right is asked for.
 */
import type { Database } from "@holdfast/process";
import type { FlushRow, NotLive } from "./source.js";

/** What names a letter. */
export interface LetterName {
  readonly cache: string;
  readonly key: string;
  /** Under which the write was acknowledged. */
  readonly version: number;
}

/** Why a row is a letter. */
export interface LetterProblem {
  /** As the database says it. Empty: nobody asked the database, the write was held back. */
  readonly sqlstate: string;
  readonly message: string;
}

export interface DeadLetter extends LetterName, LetterProblem {
  /** The write deletes the key. */
  readonly deleted: boolean;
  readonly encoding: number;
  readonly expiresAtMs: number | undefined;
  readonly valueBytes: number;
  /** Absent also where it was not asked for. */
  readonly value: Uint8Array | undefined;
  readonly atMs: number;
  readonly incarnation: string;
}

export interface LetterQuery {
  /** `undefined`: of all. */
  readonly cache: string | undefined;
  readonly key: string | undefined;
  /** The last letter of the page before. */
  readonly after: LetterName | undefined;
  readonly limit: number;
  /** With values there are fewer letters on a page: as many as have some MiB of them. */
  readonly values: boolean;
}

/** Every method throws DatabaseError, and may then be called again. */
export interface DeadLetterStore {
  /** A page of letters, by name; empty: there are no more. */
  list(query: LetterQuery): Promise<readonly DeadLetter[]>;
  /** One letter with its value. */
  find(name: LetterName): Promise<DeadLetter | undefined>;
  /** The letter was tried again, and this is why it is still one. */
  noteProblem(name: LetterName, problem: LetterProblem): Promise<void>;
  /** Returns, in the order of the names, whether there was such a letter. */
  remove(names: readonly LetterName[]): Promise<readonly boolean[]>;
}

/** Bytes of values on a page; one value more may be there. */
const PAGE_VALUE_BYTES = 2 * 2 ** 20;

const LIST_SQL = `
SELECT l.cache, l.key, l.version, l.deleted, l.encoding, l.sqlstate, l.message, l.incarnation,
  (extract(epoch FROM l.expires_at) * 1000)::bigint AS "expiresAtMs",
  coalesce(octet_length(l.value), 0) AS "valueBytes",
  CASE WHEN $7 THEN l.value END AS value,
  (extract(epoch FROM l.at) * 1000)::bigint AS "atMs"
FROM (
  SELECT p.*, coalesce(sum(octet_length(p.value)) OVER (
    ORDER BY p.cache, p.key, p.version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS bytes_before
  FROM (
    SELECT * FROM holdfast_dead_letters AS d
    WHERE ($1::text IS NULL OR d.cache = $1) AND ($2::bytea IS NULL OR d.key = $2)
      AND (d.cache, d.key, d.version) > ($3, $4, $5)
    ORDER BY d.cache, d.key, d.version LIMIT $6
  ) AS p
) AS l
WHERE NOT $7 OR l.bytes_before < ${PAGE_VALUE_BYTES}
ORDER BY l.cache, l.key, l.version`;

const FIND_SQL = `
SELECT l.cache, l.key, l.version, l.deleted, l.encoding, l.sqlstate, l.message, l.incarnation,
  (extract(epoch FROM l.expires_at) * 1000)::bigint AS "expiresAtMs",
  coalesce(octet_length(l.value), 0) AS "valueBytes", l.value,
  (extract(epoch FROM l.at) * 1000)::bigint AS "atMs"
FROM holdfast_dead_letters AS l
WHERE l.cache = $1 AND l.key = $2 AND l.version = $3`;

const REMOVE_SQL = `
WITH named AS MATERIALIZED (
  SELECT r.cache, r.key, r.version, r.ordinal
  FROM unnest($1::text[], $2::bytea[], $3::bigint[])
    WITH ORDINALITY AS r (cache, key, version, ordinal)
)
DELETE FROM holdfast_dead_letters AS d USING named AS n
WHERE d.cache = n.cache AND d.key = n.key AND d.version = n.version
RETURNING n.ordinal::integer`;

type LetterRow = Omit<DeadLetter, "key" | "expiresAtMs" | "value"> & {
  readonly key: Buffer;
  readonly expiresAtMs: number | null;
  readonly value: Buffer | null;
};

export class DeadLetters implements DeadLetterStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list({ cache, key, after, limit, values }: LetterQuery): Promise<readonly DeadLetter[]> {
    const { rows } = await this.#database.query<LetterRow>({
      name: "holdfast-list-dead-letters",
      text: LIST_SQL,
      values: [
        cache,
        key === undefined ? undefined : Buffer.from(key),
        after?.cache ?? "",
        Buffer.from(after?.key ?? ""),
        after?.version ?? 0,
        limit,
        values,
      ],
    });
    return rows.map(toLetter);
  }

  async find(name: LetterName): Promise<DeadLetter | undefined> {
    const { rows } = await this.#database.query<LetterRow>({
      name: "holdfast-find-dead-letter",
      text: FIND_SQL,
      values: [name.cache, Buffer.from(name.key), name.version],
    });
    return rows[0] && toLetter(rows[0]);
  }

  async noteProblem(name: LetterName, { sqlstate, message }: LetterProblem): Promise<void> {
    await this.#database.query({
      name: "holdfast-note-dead-letter",
      text: `
        UPDATE holdfast_dead_letters SET sqlstate = $4, message = $5
        WHERE cache = $1 AND key = $2 AND version = $3`,
      values: [name.cache, Buffer.from(name.key), name.version, sqlstate, message.replace(NUL, "")],
    });
  }

  async remove(names: readonly LetterName[]): Promise<readonly boolean[]> {
    const { rows } = await this.#database.query<{ readonly ordinal: number }>({
      name: "holdfast-remove-dead-letters",
      text: REMOVE_SQL,
      values: [
        names.map(({ cache }) => cache),
        names.map(({ key }) => Buffer.from(key)),
        names.map(({ version }) => version),
      ],
    });
    const removed = new Set(rows.map(({ ordinal }) => ordinal));
    return names.map((_, index) => removed.has(index + 1));
  }
}

function toLetter({ key, expiresAtMs, value, ...row }: LetterRow): DeadLetter {
  return {
    ...row,
    key: key.toString("utf8"),
    expiresAtMs: expiresAtMs ?? undefined,
    value: value ?? undefined,
  };
}

const PARK_SQL = `
WITH writer AS MATERIALIZED (
  SELECT holdfast_check_writer($1::uuid) AS fence
), parked AS (
  INSERT INTO holdfast_dead_letters (cache, key, version, value, encoding, expires_at, deleted,
    sqlstate, message, incarnation)
  SELECT $2, $3, $4, $5, $6, to_timestamp($7::bigint / 1000.0), $8, $9, $10, $1
  FROM writer WHERE writer.fence = 'live'
  ON CONFLICT (cache, key, version) DO NOTHING
)
SELECT fence FROM writer`;

/** Text in PostgreSQL cannot hold it; a message that quotes a key might. */
const NUL = /\0/g;

/** @throws {DatabaseError} */
export async function parkDeadLetter(
  database: Database,
  letter: {
    readonly incarnation: string;
    readonly cache: string;
    readonly row: FlushRow;
    readonly problem: LetterProblem;
  },
): Promise<{ readonly at: "parked" } | NotLive> {
  const { cache, incarnation, problem, row } = letter;
  const { rows } = await database.query<{ readonly fence: "live" | "fenced" | "missing" }>({
    name: "holdfast-park-dead-letter",
    text: PARK_SQL,
    values: [
      incarnation,
      cache,
      Buffer.from(row.key),
      row.version,
      row.value,
      row.encoding,
      row.expiresAtMs,
      row.value === undefined,
      problem.sqlstate,
      problem.message.replace(NUL, ""),
    ],
  });
  const fence = rows[0]?.fence;
  if (fence === undefined) throw new Error("parking a dead letter returned no row");
  return { at: fence === "live" ? "parked" : fence };
}
