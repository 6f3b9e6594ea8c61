/**
 * A second hash of a hash. Tables that share one hash of a key must not share its bits, nor may they
 * rely on all of them: on a node, whose keys are those of its partitions, some say little.
 */

/** 32 bits, unsigned. The finaliser of MurmurHash3 (A. Appleby), shifted by a seed. */
export function spread(hash: number, seed: number): number {
  let mixed = hash ^ seed;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Maps 32 spread bits to 0 … `length` - 1, evenly, whatever the length: by a product instead of a mask,
 * so that tables need not be powers of two. D. Lemire, "Fast random integer generation in an interval", 2019.
 */
export function inRange(bits: number, length: number): number {
  return ((bits * length) / 2 ** 32) >>> 0;
}
