/**
 * Removing tombstones. A tombstone keeps older writes from bringing its key back; once it is gone, a
 * write that is replayed to a key without a row may be older than a deletion that nobody remembers. So the
 * statement that removes tombstones also records how far that has gone (`holdfast_floor`), and whoever
 * replays a write asks for that after having found no row.
 *
 * A key with dead letters keeps its tombstone: such a write may be tried again at any time.
 */
import type { Database } from "./database.js";

/** The tables that have tombstones. */
export const TOMBSTONE_TABLES = ["entries", "versions"] as const;

export type TombstoneTable = (typeof TOMBSTONE_TABLES)[number];

/** The last tombstone that a slice has looked at: cache or source, and the key. */
export interface TombstonePlace {
  readonly scope: string;
  readonly key: Buffer;
}

export interface TombstoneSlice {
  readonly removed: number;
  /** Where the next slice begins; `undefined`: this was the last one. */
  readonly next: TombstonePlace | undefined;
}

const FIRST: TombstonePlace = { scope: "", key: Buffer.alloc(0) };

/**
 * Tombstones are indexed by key and not by age (see 000001-tables.ts), so each slice looks at the next few
 * and removes those that are old. Rows that somebody else has locked are being changed: left alone, and
 * nobody waits for anybody. Ages are told by the database's clock alone.
 */
function sliceSql(table: string, scope: string, hasLetter: string): string {
  return `
WITH slice AS MATERIALIZED (
  SELECT t.${scope}, t.key FROM ${table} AS t
  WHERE t.deleted AND (t.${scope}, t.key) > ($1, $2)
  ORDER BY t.${scope}, t.key LIMIT $3
), old AS MATERIALIZED (
  SELECT t.${scope}, t.key, t.updated_at
  FROM slice AS s JOIN ${table} AS t ON t.${scope} = s.${scope} AND t.key = s.key
  WHERE t.deleted AND t.updated_at < now() - $4 * interval '1 millisecond'
    AND NOT EXISTS (SELECT 1 FROM holdfast_dead_letters AS d WHERE ${hasLetter})
  ORDER BY t.${scope}, t.key
  FOR UPDATE OF t SKIP LOCKED
), noted AS (
  UPDATE holdfast_floor
  SET tombstones_gone_until =
    greatest(tombstones_gone_until, (SELECT max(o.updated_at) FROM old AS o))
  WHERE EXISTS (SELECT 1 FROM old)
  RETURNING 1
), removed AS (
  DELETE FROM ${table} AS t USING old AS o
  WHERE t.${scope} = o.${scope} AND t.key = o.key AND EXISTS (SELECT 1 FROM noted)
  RETURNING 1
)
SELECT (SELECT count(*) FROM removed)::integer AS removed,
  (SELECT count(*) FROM slice)::integer AS seen, l.scope, l.key
FROM (SELECT 1) AS one
LEFT JOIN (
  SELECT s.${scope} AS scope, s.key FROM slice AS s ORDER BY s.${scope} DESC, s.key DESC LIMIT 1
) AS l ON true`;
}

const SLICES: Readonly<Record<TombstoneTable, string>> = {
  entries: sliceSql("holdfast_entries", "cache", "d.cache = t.cache AND d.key = t.key"),
  // Letters name caches and not tables. Another cache's letter under the same key costs nothing much.
  versions: sliceSql("holdfast_versions", "source", "d.key = t.key"),
};

/**
 * Looks at the next `limit` tombstones behind `after` and removes those older than `retentionMs`, in one
 * statement that also records it.
 *
 * @throws {DatabaseError} doing it again is harmless.
 */
export async function removeTombstones(
  database: Database,
  table: TombstoneTable,
  slice: {
    readonly after: TombstonePlace | undefined;
    readonly limit: number;
    readonly retentionMs: number;
  },
): Promise<TombstoneSlice> {
  const { scope, key } = slice.after ?? FIRST;
  const { rows } = await database.query<{
    readonly removed: number;
    readonly seen: number;
    readonly scope: string | null;
    readonly key: Buffer | null;
  }>({
    name: `holdfast-remove-tombstones-${table}`,
    text: SLICES[table],
    values: [scope, key, slice.limit, slice.retentionMs],
  });
  const row = rows[0];
  if (row === undefined) throw new Error("removing tombstones returned no row");
  const isLast = row.seen < slice.limit || row.scope === null || row.key === null;
  // `isLast` covers both nulls, which the compiler does not carry over.
  const next = isLast ? undefined : ({ scope: row.scope, key: row.key } as TombstonePlace);
  return { removed: row.removed, next };
}

/**
 * How far tombstones are gone: a key without a row may have been deleted until this instant, in
 * milliseconds of the database's wall clock. `undefined`: no tombstone was ever removed.
 *
 * It only grows, and is certain to cover a row that was found missing before it was asked for.
 *
 * @throws {DatabaseError}
 */
export async function readTombstonesGoneUntil(database: Database): Promise<number | undefined> {
  const { rows } = await database.query<{ readonly untilMs: number | null }>({
    name: "holdfast-read-tombstones-gone",
    text: `
      SELECT ceil(extract(epoch FROM tombstones_gone_until) * 1000)::bigint AS "untilMs"
      FROM holdfast_floor`,
    values: [],
  });
  return rows[0]?.untilMs ?? undefined;
}
