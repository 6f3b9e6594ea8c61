/** Tables of numbers that are used again for each message, and grow with the largest. */

/** What was in a table, in one with more room. */
export function copied<Table extends Float64Array | Int32Array | Uint32Array | Uint8Array>(
  from: Table,
  to: Table,
): Table {
  to.set(from);
  return to;
}
