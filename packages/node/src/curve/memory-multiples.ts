/** For how much memory a curve is told, and how much memory is meant by "as much as now". */

/** A quarter of the memory of now, half of it, as much, and so on. */
export const MULTIPLES = [0.25, 0.5, 1, 2, 4] as const;

/** How deep a curve has to look. */
export const MAX_MULTIPLE = 4;

export interface MemoryBounds {
  /** The cache's own bound, or the node's memory where that is less. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/**
 * Bytes that a cache may use now. A cache without a bound of its own may use the whole node's memory, as
 * much as others leave it. A bound on the number of entries counts as so many entries of the mean size; it
 * says nothing while that is not known.
 */
export function boundBytes({ maxBytes, maxEntries }: MemoryBounds, meanEntryBytes: number): number {
  if (meanEntryBytes === 0) return maxBytes;
  return Math.min(maxBytes, maxEntries * meanEntryBytes);
}
