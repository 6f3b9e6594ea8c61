/**
 * Runs an operator's query for keys to warm. It can only read: its transaction is read-only, it is
 * one statement, and as a subquery it cannot write either. Its result is kept by the server once
 * it is complete, so a slow consumer holds no transaction open.
 */
import { MAX_KEY_BYTES } from "@holdfast/core";
import type { Database } from "@holdfast/process";

const CHUNK_ROWS = 1_000;
const QUERY_TIMEOUT_MS = 60_000;

/** A row of the query, as text. */
type Row = readonly (string | null)[];

export interface WarmQuery {
  readonly query: string;
  /** Most rows that are read. */
  readonly limit: number;
  /** The key that a row names; `undefined` when it names none. */
  readonly toKey: (row: Row) => string | undefined;
}

/** The keys, in chunks. Rows that make no valid key are skipped. @throws {DatabaseError} */
export async function* warmKeys(
  database: Database,
  { query, limit, toKey }: WarmQuery,
): AsyncGenerator<readonly string[]> {
  await using session = await database.openSession();
  const run = (text: string) =>
    session.query({ text, values: [] }, { timeoutMs: QUERY_TIMEOUT_MS + 1_000 });
  await run(`SET statement_timeout = ${QUERY_TIMEOUT_MS}`);
  await run("BEGIN READ ONLY");
  // On lines of its own, because it may end in a comment.
  const text = query.trim().replace(/;$/, "");
  const rows = Math.max(0, Math.trunc(limit));
  await session.textRows(
    `DECLARE holdfast_keys CURSOR WITH HOLD FOR SELECT * FROM (\n${text}\n) AS q LIMIT ${rows}`,
  );
  await run("COMMIT");
  for (;;) {
    const chunk = await session.textRows(`FETCH ${CHUNK_ROWS} FROM holdfast_keys`);
    if (chunk.length === 0) return;
    yield chunk.map(toKey).filter((key): key is string => key !== undefined && isKey(key));
  }
}

function isKey(key: string): boolean {
  const bytes = Buffer.byteLength(key);
  return bytes >= 1 && bytes <= MAX_KEY_BYTES;
}
