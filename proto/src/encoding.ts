/**
 * What the `encoding` of a value means: the codec that made it in the low 8 bits, and in the next 7 how
 * it was compressed afterwards (0: not at all; the other numbers stand in compression-algorithms.ts).
 * Nodes store the number and hand it back. What they read themselves they read uncompressed: JSON, of
 * which they make rows of database tables, and the numbers that they add to.
 */

export const CODEC: {
  readonly bytes: 0;
  readonly json: 1;
  readonly string: 2;
  readonly msgpack: 3;
} = { bytes: 0, json: 1, string: 2, msgpack: 3 };

/** The largest encoding that there is a meaning for. */
export const MAX_ENCODING = 0x7fff;

/** The codec within an encoding. */
export function codecOf(encoding: number): number {
  return encoding & 0xff;
}

/** The number of the compression within an encoding; 0: none. */
export function compressionOf(encoding: number): number {
  return encoding >>> 8;
}

/** The encoding of what a codec has made and an algorithm compressed. */
export function withCompression(codec: number, compression: number): number {
  return (compression << 8) | codec;
}
