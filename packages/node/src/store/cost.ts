/**
 * How many bytes of memory an entry counts for.
 *
 * The bounds of the store are meant as real memory, so an entry counts for more than its key and
 * value: the objects, links, table slots and allocator headers behind it are included. The figures
 * are growth of resident memory as measured by bench/entry-cost.mjs (Node 20.20.2, x86-64, Xeon,
 * 16-byte keys), rounded up. They belong to this form of the store and change with it.
 */
import { IN_HEAP_MAX_BYTES } from "./own-bytes.js";

/** Entry object, its boxed numbers, the key's string header, the slot in the index. Measured: 254–278. */
const ENTRY_OVERHEAD_BYTES = 280;

/** A Buffer whose bytes lie inside the JS heap. Measured: 203–209. */
const SMALL_VALUE_OVERHEAD_BYTES = 210;

/** A Buffer with memory outside the heap, its array buffer and allocator header. Measured: 360–371. */
const LARGE_VALUE_OVERHEAD_BYTES = 370;

/** Bytes that an entry of this key and value takes; `undefined` stands for a negative entry. */
export function costOf(key: string, value: Uint8Array | undefined): number {
  const keyBytes = Buffer.byteLength(key);
  if (value === undefined) return ENTRY_OVERHEAD_BYTES + keyBytes;
  const valueOverheadBytes =
    value.byteLength <= IN_HEAP_MAX_BYTES ? SMALL_VALUE_OVERHEAD_BYTES : LARGE_VALUE_OVERHEAD_BYTES;
  return ENTRY_OVERHEAD_BYTES + keyBytes + valueOverheadBytes + value.byteLength;
}
