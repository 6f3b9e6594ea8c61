/**
 * The shop's database, seen as an application sees it: creating the catalogue, the statements of
 * cache-aside, and reading the rows back for the final comparison.
 */
import type { Database } from "@holdfast/process";
import type { Reporter } from "../terminal/reporter.js";
import {
  LAUNCHES_SETUP,
  LAUNCHES_TABLE,
  PRODUCT_TABLES,
  PRODUCTS,
  type Row,
  type Table,
} from "./tables.js";

const FILL_ROWS = 25_000;
const READ_ROWS = 20_000;

/** Creates and fills the tables. Rows are numbered from 1 to `products`. */
export async function createCatalogue(
  database: Database,
  products: number,
  options: { readonly reporter: Reporter; readonly signal: AbortSignal },
): Promise<void> {
  await createLaunches(database);
  const progress = options.reporter.progress("rows", products * PRODUCT_TABLES.length);
  try {
    let done = 0;
    for (const table of PRODUCT_TABLES) {
      await database.query({ text: table.create, values: [] });
      for (let first = 1; first <= products; first += FILL_ROWS) {
        options.signal.throwIfAborted();
        const last = Math.min(products, first + FILL_ROWS - 1);
        await database.query({ text: table.fill, values: [first, last] });
        done += last - first + 1;
        progress.update(done, { note: table.name });
      }
      await database.query({ text: `ANALYZE ${table.name}`, values: [] });
    }
  } finally {
    progress.finish();
  }
}

/**
 * In a session of its own: when that ends, PostgreSQL knows how often the table was scanned to
 * create it, and the reads of the stampede can be told from those.
 */
async function createLaunches(database: Database): Promise<void> {
  await using session = await database.openSession();
  for (const text of LAUNCHES_SETUP) await session.query({ text, values: [] });
}

/** What the application loads on a miss of cache-aside. */
export async function loadProduct(database: Database, id: number): Promise<Row> {
  const columns = PRODUCTS.columns.join(", ");
  const { rows } = await database.query<Row>({
    name: "load-product",
    text: `SELECT ${columns} FROM ${PRODUCTS.name} WHERE ${PRODUCTS.key} = $1`,
    values: [id],
  });
  const row = rows[0];
  if (row === undefined) throw new Error(`there is no product ${id}`);
  return row;
}

/** What the application writes by itself before it drops the cached entry. */
export async function describeProduct(
  database: Database,
  id: number,
  description: string,
): Promise<Row> {
  const { rows } = await database.query<Row>({
    name: "describe-product",
    text: `UPDATE ${PRODUCTS.name} SET description = $2, revision = revision + 1
      WHERE ${PRODUCTS.key} = $1 RETURNING ${PRODUCTS.columns.join(", ")}`,
    values: [id, description],
  });
  const row = rows[0];
  if (row === undefined) throw new Error(`there is no product ${id}`);
  return row;
}

/** Every row of a table, in the order of the key, in chunks. */
export async function* rowsOf(
  database: Database,
  table: Table,
): AsyncGenerator<readonly (Row & { readonly id: number })[]> {
  const columns = table.columns.join(", ");
  for (let after = 0; ; ) {
    const { rows } = await database.query<Row & { readonly id: number }>({
      name: `rows-of-${table.name}`,
      text: `SELECT ${table.key} AS id, ${columns} FROM ${table.name}
        WHERE ${table.key} > $1 ORDER BY ${table.key} LIMIT ${READ_ROWS}`,
      values: [after],
    });
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < READ_ROWS) return;
    after = last.id;
  }
}

/** What Holdfast's own table holds of a cache: the texts of the values that are not deleted. */
export async function entriesOf(
  database: Database,
  cache: string,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await database.query<{ key: string; value: string }>({
    text: `SELECT convert_from(key, 'UTF8') AS key, convert_from(value, 'UTF8') AS value
      FROM holdfast_entries WHERE cache = $1 AND NOT deleted`,
    values: [cache],
  });
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/**
 * How often PostgreSQL has read the table of the stampede so far, by its own count of scans. A
 * backend hands in its counts when it is idle, at the latest after ten seconds.
 */
export async function launchReads(database: Database): Promise<number> {
  const { rows } = await database.query<{ scans: number }>({
    text: `SELECT seq_scan + coalesce(idx_scan, 0) AS scans
      FROM pg_stat_user_tables WHERE relname = $1`,
    values: [LAUNCHES_TABLE],
  });
  return rows[0]?.scans ?? 0;
}
