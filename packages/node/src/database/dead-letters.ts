/**
 * Rows that the database refuses, kept where an operator finds them. One statement, which checks
 * the writer as a flush does: the row's share lock makes it wait for a fence, or a fence for it.
 */
import type { Database } from "@holdfast/process";
import type { FlushRow, NotLive } from "./source.js";

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
    readonly problem: { readonly sqlstate: string; readonly message: string };
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
