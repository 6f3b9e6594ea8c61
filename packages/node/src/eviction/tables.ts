/**
 * Growth of tables that are indexed by id.
 *
 * A table at least doubles when it grows, so that copying costs constant time for each id, amortised.
 * The part that nobody has written to yet costs address space alone: the system hands out memory for
 * a large array page by page, when a page is first touched. What tables report as their size is
 * therefore counted up to the largest id that was used.
 */

import { mapTable, type TableKind } from "../memory/mapped.js";

/** Below this it is not worth to grow in small steps. */
const MIN_LENGTH = 1024;

/** The same contents in an array of at least this length; the same array when it is long enough. */
export function grownTo<Table extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  table: Table,
  length: number,
): Table {
  if (length <= table.length) return table;
  const kind = table.constructor as TableKind<Table>;
  const bigger = mapTable(kind, Math.max(length, 2 * table.length, MIN_LENGTH));
  bigger.set(table);
  return bigger;
}
