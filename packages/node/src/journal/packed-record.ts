/**
 * A record as one piece of bytes, in which it lies in the journal and travels to backups:
 *
 *     cache u32 · partition u16 · version f64 · expiresAt f64 (NaN: never) · writtenAt f64 ·
 *     encoding u32 · deleted u8 · bytes of the key u16 · key · value              (all little-endian)
 */
import type { JournalRecord } from "./record.js";

const HEADER_BYTES = 4 + 2 + 8 + 8 + 8 + 4 + 1 + 2;

export function packedBytesOf({ key, value }: JournalRecord): number {
  return HEADER_BYTES + Buffer.byteLength(key) + (value?.byteLength ?? 0);
}

/** @param length - as `packedBytesOf` says; there must be room for so much. */
export function packRecord(
  record: JournalRecord,
  bytes: Buffer,
  offset: number,
  length: number,
): void {
  const { cacheId, partition, key, version, value, encoding, expiresAtMs, writtenAtMs } = record;
  let at = bytes.writeUInt32LE(cacheId, offset);
  at = bytes.writeUInt16LE(partition, at);
  at = bytes.writeDoubleLE(version, at);
  at = bytes.writeDoubleLE(expiresAtMs ?? Number.NaN, at);
  at = bytes.writeDoubleLE(writtenAtMs, at);
  at = bytes.writeUInt32LE(encoding, at);
  at = bytes.writeUInt8(value === undefined ? 1 : 0, at);
  at = bytes.writeUInt16LE(length - HEADER_BYTES - (value?.byteLength ?? 0), at);
  at += bytes.write(key, at, "utf8");
  if (value !== undefined) bytes.set(value, at);
}

/**
 * The record between two offsets, with a value of its own.
 *
 * @throws {RangeError} when what lies there is none.
 */
export function unpackRecord(bytes: Buffer, offset: number, end: number): JournalRecord {
  if (end - offset < HEADER_BYTES) throw new RangeError("a packed record is cut off");
  const keyAt = offset + HEADER_BYTES;
  const valueAt = keyAt + bytes.readUInt16LE(keyAt - 2);
  if (valueAt > end) throw new RangeError("a packed record's key is cut off");
  const isDeletion = bytes.readUInt8(keyAt - 3) === 1;
  const expiresAtMs = bytes.readDoubleLE(offset + 14);
  return {
    cacheId: bytes.readUInt32LE(offset),
    partition: bytes.readUInt16LE(offset + 4),
    key: bytes.toString("utf8", keyAt, valueAt),
    version: bytes.readDoubleLE(offset + 6),
    value: isDeletion ? undefined : Buffer.from(bytes.subarray(valueAt, end)),
    encoding: bytes.readUInt32LE(keyAt - 7),
    expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs,
    writtenAtMs: bytes.readDoubleLE(offset + 22),
  };
}
