/** The ids of caches, one for each name, given once and for ever. */
import type { Database } from "./database.js";
import { DatabaseError } from "./database-error.js";

/** Of an id that somebody else has given away in the same moment. */
const UNIQUE_VIOLATION = "23505";
const MAX_ATTEMPTS = 20;

interface Row {
  readonly name: string;
  readonly id: number;
}

/**
 * The ids of these names; a name that has none gets one above all others. `known` are ids that names
 * have from elsewhere; they are remembered as well.
 *
 * @throws {DatabaseError}
 */
export async function assignCacheIds(
  database: Database,
  names: readonly string[],
  known: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, number>> {
  if (known.size > 0) {
    await database.query({
      text: `
        INSERT INTO holdfast_cache_ids (name, id)
        SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING`,
      values: [[...known.keys()], [...known.values()]],
    });
  }
  const above = Math.max(0, ...known.values());
  for (let attempt = 1; ; attempt++) {
    try {
      await database.query({
        text: `
          INSERT INTO holdfast_cache_ids (name, id)
          SELECT n.name, greatest($2::bigint, (SELECT coalesce(max(id), 0) FROM holdfast_cache_ids))
            + row_number() OVER (ORDER BY n.ordinal)
          FROM unnest($1::text[]) WITH ORDINALITY AS n (name, ordinal)
          WHERE NOT EXISTS (SELECT FROM holdfast_cache_ids AS c WHERE c.name = n.name)
          ON CONFLICT (name) DO NOTHING`,
        values: [[...names], above],
      });
      break;
    } catch (error) {
      const isRace = error instanceof DatabaseError && error.sqlstate === UNIQUE_VIOLATION;
      if (!isRace || attempt === MAX_ATTEMPTS) throw error;
    }
  }
  const { rows } = await database.query<Row>({
    text: "SELECT name, id FROM holdfast_cache_ids WHERE name = ANY($1::text[])",
    values: [[...names]],
  });
  return new Map(rows.map(({ name, id }) => [name, id]));
}
