/**
 * MurmurHash3, x86 variant, 32 bits, with a seed (Austin Appleby, public domain:
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp).
 *
 * Places keys on the hash space that partitions divide. The seed is drawn when a cluster is
 * created, so that nobody outside can aim keys at one partition. Changing anything here moves
 * every key of every cluster: the test vectors in hash.test.ts are a contract.
 */

/** The name under which this hash is recorded in a cluster's configuration. */
export const HASH_ALGORITHM = "murmur3-x86-32";

/** Hashes bytes, from `start` to before `end`, to an unsigned 32-bit integer. Cost: linear in their number. */
export function hash32(
  bytes: Uint8Array,
  seed: number,
  start = 0,
  end: number = bytes.length,
): number {
  const length = end - start;
  const tail = start + (length & ~3);
  let h = seed | 0;
  for (let i = start; i < tail; i += 4) {
    h ^= scramble(
      byteAt(bytes, i) |
        (byteAt(bytes, i + 1) << 8) |
        (byteAt(bytes, i + 2) << 16) |
        (byteAt(bytes, i + 3) << 24),
    );
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = end - 1; i >= tail; i--) rest = (rest << 8) | byteAt(bytes, i);
  if (tail < end) h ^= scramble(rest);
  return finish(h ^ length);
}

/** Spreads the bits of one block of four bytes. */
function scramble(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

/** Makes every input bit reach every output bit. */
function finish(hash: number): number {
  let h = hash;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** An index below `length` always holds a byte; the compiler cannot know. */
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
