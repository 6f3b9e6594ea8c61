/**
 * Brings the database's tables and functions up to date. Any number of processes may do so at
 * once: an advisory lock lets one of them work, and the others find nothing left to do. Each
 * migration is a transaction, recorded with a hash of its text, so that an edited one is noticed.
 */
import { createHash } from "node:crypto";
import type { Database, Session } from "./database.js";
import { quoteIdentifier } from "./identifiers.js";
import { MIGRATIONS, type Migration } from "./migrations/index.js";

/** How long one process waits for another's migrations, or for a migration of its own. */
const MIGRATION_TIMEOUT_MS = 120_000;

const RECORDS_SQL = `
CREATE TABLE IF NOT EXISTS holdfast_migrations (
  version integer PRIMARY KEY,
  name text NOT NULL,
  sha256 text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`;

/**
 * Runs the migrations that have not run yet and returns their names.
 *
 * @throws {DatabaseError}
 * @throws {Error} when one that has run had another text.
 */
export async function migrate(database: Database): Promise<readonly string[]> {
  // Where nothing is pending, rights to create anything are not needed.
  if ((await pendingMigrations(database)).length === 0) return [];
  await using session = await database.openSession();
  const run = (text: string, values: readonly unknown[] = []) =>
    session.query({ text, values }, { timeoutMs: MIGRATION_TIMEOUT_MS });
  await run(`SET lock_timeout = ${MIGRATION_TIMEOUT_MS}`);
  await run(`SET statement_timeout = ${MIGRATION_TIMEOUT_MS}`);
  // Held until the session ends, however it ends. The schema is part of the lock's name.
  await run("SELECT pg_advisory_lock(hashtextextended('holdfast.migrate.' || $1::text, 0))", [
    database.schema,
  ]);
  if (!(await hasSchema(session, database.schema))) {
    await run(`CREATE SCHEMA ${quoteIdentifier(database.schema)}`);
  }
  await run(RECORDS_SQL);
  const pending = await findPending(session, database.schema);
  for (const migration of pending) {
    await run("BEGIN");
    await run(migration.sql);
    await run("INSERT INTO holdfast_migrations (version, name, sha256) VALUES ($1, $2, $3)", [
      migration.version,
      migration.name,
      hashOf(migration),
    ]);
    await run("COMMIT");
  }
  return pending.map(({ name }) => name);
}

/** Names of the migrations that this version of Holdfast needs and the database has not had. */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  return (await findPending(database, database.schema)).map(({ name }) => name);
}

type Queryable = Pick<Session, "query">;

async function findPending(target: Queryable, schema: string): Promise<readonly Migration[]> {
  const records = `${quoteIdentifier(schema)}.holdfast_migrations`;
  const { rows: found } = await target.query<{ readonly isThere: boolean }>({
    text: 'SELECT to_regclass($1) IS NOT NULL AS "isThere"',
    values: [records],
  });
  if (found[0]?.isThere !== true) return MIGRATIONS;
  const { rows } = await target.query<{ readonly version: number; readonly sha256: string }>({
    text: `SELECT version, sha256 FROM ${records}`,
    values: [],
  });
  const applied = new Map(rows.map(({ version, sha256 }) => [version, sha256]));
  for (const migration of MIGRATIONS) {
    const sha256 = applied.get(migration.version);
    if (sha256 === undefined || sha256 === hashOf(migration)) continue;
    throw new Error(
      `schema "${schema}": migration ${migration.version} (${migration.name}) ran with another ` +
        "text than this version of Holdfast has",
    );
  }
  return MIGRATIONS.filter(({ version }) => !applied.has(version));
}

async function hasSchema(session: Session, schema: string): Promise<boolean> {
  const { rowCount } = await session.query({
    text: "SELECT 1 FROM pg_namespace WHERE nspname = $1",
    values: [schema],
  });
  return rowCount > 0;
}

function hashOf(migration: Migration): string {
  return createHash("sha256").update(migration.sql).digest("hex");
}
