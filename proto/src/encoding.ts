/**
 * What the `encoding` of a value means: the codec that made it in the low 8 bits, and in the next
 * 8 the compression, of which there is none yet. Nodes store the number and hand it back; the one
 * codec that they read themselves is JSON, in which rows of database tables travel.
 */

export const CODEC: {
  readonly bytes: 0;
  readonly json: 1;
  readonly string: 2;
  readonly msgpack: 3;
} = { bytes: 0, json: 1, string: 2, msgpack: 3 };

/** The codec within an encoding. */
export function codecOf(encoding: number): number {
  return encoding & 0xff;
}
