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

/** Hashes bytes to an unsigned 32-bit integer. Cost: linear in their number. */
export function hash32(bytes: Uint8Array, seed: number): number {
  const { length } = bytes;
  const tail = length & ~3;
  let h = seed | 0;
  for (let i = 0; i < tail; i += 4) {
    const block =
      byteAt(bytes, i) |
      (byteAt(bytes, i + 1) << 8) |
      (byteAt(bytes, i + 2) << 16) |
      (byteAt(bytes, i + 3) << 24);
    h = mix(h, block);
  }
  let rest = 0;
  for (let i = length - 1; i >= tail; i--) rest = (rest << 8) | byteAt(bytes, i);
  if (tail < length) h ^= scramble(rest);
  return finish(h ^ length);
}

/** As `hash32`, of the bytes of a text that is ASCII; `undefined` when it is not. */
export function hash32OfAscii(text: string, seed: number): number | undefined {
  const { length } = text;
  const tail = length & ~3;
  let h = seed | 0;
  let all = 0;
  for (let i = 0; i < tail; i += 4) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    all |= a | b | c | d;
    h = mix(h, a | (b << 8) | (c << 16) | (d << 24));
  }
  let rest = 0;
  for (let i = length - 1; i >= tail; i--) {
    const code = text.charCodeAt(i);
    all |= code;
    rest = (rest << 8) | code;
  }
  if (all >= 0x80) return undefined;
  if (tail < length) h ^= scramble(rest);
  return finish(h ^ length);
}

/**
 * As `hash32`, of bytes that lie in little-endian words: `length` bytes from the beginning of word `start`. What the last
 * word has beyond them does not matter.
 */
export function hash32OfWords(
  words: Uint32Array,
  seed: number,
  start: number,
  length: number,
): number {
  const tail = start + (length >>> 2);
  let h = seed | 0;
  for (let at = start; at < tail; at++) h = mix(h, words[at] as number);
  const bits = 8 * (length & 3);
  if (bits > 0) h ^= scramble((words[tail] as number) & (2 ** bits - 1));
  return finish(h ^ length);
}

/** Takes one block of four bytes into a hash. */
function mix(hash: number, block: number): number {
  const h = hash ^ scramble(block);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
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
