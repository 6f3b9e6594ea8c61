/**
 * Who may write to the database. Every flush checks its incarnation's row here and holds a share
 * lock on it while it runs; fencing an incarnation changes that row, and therefore first waits for
 * what is in flight, then stops everything that comes later.
 */
import type { Incarnation } from "@holdfast/core";
import type { Database, Session } from "./database.js";
import { DatabaseError } from "./database-error.js";

/** Connections of an incarnation carry this name, so that a fence can find and end them. */
export function applicationNameOf(incarnation: Incarnation): string {
  return `holdfast/${incarnation}`;
}

/** A flush takes milliseconds. Whoever holds the lock longer is stuck, or has been stopped. */
const FENCE_PATIENCE_MS = 1_000;

/** Ending a connection takes effect at its server's next check for interrupts. */
const FENCE_ATTEMPTS = 5;

const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Registers an incarnation before it writes. Registering again is harmless, and never undoes a
 * fence.
 *
 * @throws {DatabaseError}
 */
export async function registerIncarnation(
  database: Database,
  incarnation: Incarnation,
  nodeId: string,
): Promise<"live" | "fenced"> {
  const { rows } = await database.query<{ readonly fenced: boolean }>({
    name: "holdfast-register-incarnation",
    text: `
      INSERT INTO holdfast_incarnations (incarnation, node_id) VALUES ($1, $2)
      ON CONFLICT (incarnation) DO UPDATE SET node_id = excluded.node_id
      RETURNING fenced`,
    values: [incarnation, nodeId],
  });
  return rows[0]?.fenced === false ? "live" : "fenced";
}

/**
 * Makes sure that these incarnations never write again. When it returns, none of their statements
 * is in flight, and later ones write nothing. A connection that keeps the fence waiting for more
 * than a second is ended: a stopped process would hold its locks for as long as it is stopped.
 *
 * @throws {DatabaseError} when it could not be made sure; doing it again is harmless.
 */
export async function fence(
  database: Database,
  incarnations: readonly Incarnation[],
): Promise<void> {
  for (const incarnation of incarnations) await fenceOne(database, incarnation);
}

async function fenceOne(database: Database, incarnation: Incarnation): Promise<void> {
  await using session = await database.openSession();
  await session.query({ text: `SET lock_timeout = ${FENCE_PATIENCE_MS}`, values: [] });
  for (let attempt = 1; ; attempt++) {
    try {
      return await markFenced(session, incarnation);
    } catch (error) {
      const isWaiting = error instanceof DatabaseError && error.sqlstate === LOCK_NOT_AVAILABLE;
      if (!isWaiting || attempt === FENCE_ATTEMPTS) throw error;
    }
    await endConnections(session, incarnation);
  }
}

/** An incarnation that never registered is fenced too: its registration may be on its way. */
async function markFenced(session: Session, incarnation: Incarnation): Promise<void> {
  await session.query({
    text: `
      INSERT INTO holdfast_incarnations AS i (incarnation, fenced, fenced_at)
      VALUES ($1, true, now())
      ON CONFLICT (incarnation) DO UPDATE SET fenced = true, fenced_at = now()
      WHERE NOT i.fenced`,
    values: [incarnation],
  });
}

async function endConnections(session: Session, incarnation: Incarnation): Promise<void> {
  await session.query({
    text: `
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()`,
    values: [applicationNameOf(incarnation)],
  });
}
