/** Whether the database has refused a write, as whoever waits for it asks. */
import type { Database } from "@holdfast/process";

const LOOKUP_SQL = `
SELECT 1 FROM holdfast_dead_letters WHERE cache = $1 AND key = $2 AND version >= $3 LIMIT 1`;

/** Whether this version of a key, or a later one, is a dead letter. @throws {DatabaseError} */
export async function isDeadLetter(
  database: Database,
  {
    cache,
    key,
    version,
  }: { readonly cache: string; readonly key: string; readonly version: number },
): Promise<boolean> {
  const { rowCount } = await database.query({
    name: "holdfast-find-dead-letter",
    text: LOOKUP_SQL,
    values: [cache, Buffer.from(key), version],
  });
  return rowCount > 0;
}
