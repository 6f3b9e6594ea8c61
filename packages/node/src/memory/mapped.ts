/**
 * Memory that comes straight from the operating system, takes room page by page as it is written to, and goes
 * back when garbage is collected.
 *
 * Memory of any other size may come from what the C library keeps for itself. glibc does so with all below a
 * threshold that rises to 32 MiB with what is freed: such memory is cleared, and so takes room at once, and
 * what is freed does not return to the system. Above 32 MiB it always maps fresh pages, and unmaps them
 * (mallopt(3), M_MMAP_THRESHOLD). Address space is no scarce good, so this is the least that is asked for.
 */

/** The least that is mapped: glibc's DEFAULT_MMAP_THRESHOLD_MAX on 64 bits. */
export const MAPPED_BYTES: number = 32 * 2 ** 20;

/** Less is not worth a mapping: a store may have a dozen tables, and a node a hundred stores. */
const WORTH_MAPPING_BYTES = 256 * 2 ** 10;

/** At least so much memory, all zero. */
export function mapMemory(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes < WORTH_MAPPING_BYTES ? bytes : Math.max(bytes, MAPPED_BYTES));
}

/** A table of numbers, all zero, of which only what is written to takes room. */
export function mapTable<Table extends ArrayBufferView>(
  kind: TableKind<Table>,
  length: number,
): Table {
  return new kind(mapMemory(length * kind.BYTES_PER_ELEMENT), 0, length);
}

/** A kind of typed array. */
export interface TableKind<Table> {
  readonly BYTES_PER_ELEMENT: number;
  new (memory: ArrayBuffer, byteOffset: number, length: number): Table;
}
