/** The migrations, in the order in which they run. A number is never used twice. */
import { TABLES_SQL } from "./000001-tables.js";
import { FLUSH_ENTRIES_SQL } from "./000002-flush-entries.js";
import { FLUSH_TABLE_SQL } from "./000003-flush-table.js";
import { CACHE_IDS_SQL } from "./000004-cache-ids.js";
import { TOMBSTONES_GONE_SQL } from "./000005-tombstones-gone.js";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "tables", sql: TABLES_SQL },
  { version: 2, name: "flush-entries", sql: FLUSH_ENTRIES_SQL },
  { version: 3, name: "flush-table", sql: FLUSH_TABLE_SQL },
  { version: 4, name: "cache-ids", sql: CACHE_IDS_SQL },
  { version: 5, name: "tombstones-gone", sql: TOMBSTONES_GONE_SQL },
];
