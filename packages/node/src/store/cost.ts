/**
 * How many bytes of memory an entry counts for in the bounds of its cache: the slots of its record and its part of
 * the tables. The node's own bound counts pages and tables as they are (memory-budget.ts); this is what one
 * entry is answerable for, whichever others there are.
 */
import { recordBytes } from "./records.js";

/**
 * An entry's part of the tables: 10 bytes of facts, 5 to 7 in the index, 8 to 20 for its policy. One that ends takes
 * 16 more, which are not counted.
 */
const TABLES_BYTES = 32;

/** Bytes that an entry takes whose key has so many bytes of UTF-8; a negative entry's value has none. */
export function costOfLengths(keyLength: number, valueLength: number): number {
  return recordBytes(keyLength, valueLength) + TABLES_BYTES;
}

/** Bytes that an entry of this key and value takes; `undefined` stands for a negative entry. */
export function costOf(key: string, value: Uint8Array | undefined): number {
  return costOfLengths(Buffer.byteLength(key), value === undefined ? 0 : value.length);
}
