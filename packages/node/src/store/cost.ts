/**
 * How many bytes of memory an entry counts for in the bounds of its cache: the slots of its record and its part of
 * the tables. The node's own bound counts pages and tables as they are (memory-budget.ts); this is what one
 * entry is answerable for, whichever others there are.
 */
import { recordBytes } from "./record-layout.js";

/** An entry's part of the tables: 9 bytes of facts, 5 to 7 in the index, 5 to 20 for its policy. */
const TABLES_BYTES = 32;

/** Bytes that an entry takes; lengths are as in record-layout.ts. */
export function costOfLengths(leadLength: number, valueLength: number): number {
  return recordBytes(leadLength, valueLength) + TABLES_BYTES;
}

/** Bytes that an entry of this key and value takes that never ends; `undefined` stands for a negative entry. */
export function costOf(key: string, value: Uint8Array | undefined): number {
  return costOfLengths(Buffer.byteLength(key), value === undefined ? 0 : value.length);
}
