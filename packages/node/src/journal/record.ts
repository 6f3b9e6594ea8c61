/**
 * How an acknowledged write lies in the journal: its key there sorts by incarnation and partition,
 * its value carries everything that is needed to write it to the database later, and a checksum
 * over both, because the storage below has none.
 *
 *     key    slot u32 · partition u16 · cache u32 · key bytes
 *     value  crc32 u32 · version f64 · expiresAt f64 (NaN: never) · writtenAt f64 · encoding u32 ·
 *            deleted u8 · value bytes                                         (all little-endian)
 */
import { crc32 } from "node:zlib";

export interface JournalRecord {
  /** Id of the cache; names may be used again, ids never are. */
  readonly cacheId: number;
  readonly partition: number;
  readonly key: string;
  readonly version: number;
  /** `undefined`: the key was deleted. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** End of the row's lifetime, on the wall clock; `undefined`: none. */
  readonly expiresAtMs: number | undefined;
  /** Wall-clock instant at which the write was made. */
  readonly writtenAtMs: number;
}

/** What names a record. A later write of the same key takes its place. */
export type RecordName = Pick<JournalRecord, "cacheId" | "partition" | "key">;

/** A record on its way to its owner: which partition it belongs to, its key says. */
export type ReplayedRecord = Omit<JournalRecord, "partition">;

/**
 * What an owner says of a record. `persisted`: the database has this write or a later one, or it was
 * put aside for people. `pending`: it is a dirty entry of this owner now. `later`: not now, or not here.
 */
export type ReplayOutcome = "persisted" | "pending" | "later";

/** A record's bytes are not what was written. */
export class DamagedRecordError extends Error {
  override readonly name = "DamagedRecordError";
}

const NAME_BYTES = 10;
const HEADER_BYTES = 33;

/** @param slot - number under which the journal knows the incarnation that wrote the record. */
export function encodeName(slot: number, { cacheId, partition, key }: RecordName): Buffer {
  const name = Buffer.allocUnsafe(NAME_BYTES + Buffer.byteLength(key));
  // Big-endian, so that the order of the bytes is the order of the numbers.
  name.writeUInt32BE(slot, 0);
  name.writeUInt16BE(partition, 4);
  name.writeUInt32BE(cacheId, 6);
  name.write(key, NAME_BYTES, "utf8");
  return name;
}

/** The names of all records of a slot lie from its start to the next slot's. */
export function startOfSlot(slot: number): Buffer {
  const start = Buffer.alloc(4);
  start.writeUInt32BE(slot);
  return start;
}

export function slotOf(name: Buffer): number {
  return name.readUInt32BE(0);
}

export function encodeRecord(name: Buffer, record: Omit<JournalRecord, keyof RecordName>): Buffer {
  const { version, value, encoding, expiresAtMs, writtenAtMs } = record;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + (value?.byteLength ?? 0));
  bytes.writeDoubleLE(version, 4);
  bytes.writeDoubleLE(expiresAtMs ?? Number.NaN, 12);
  bytes.writeDoubleLE(writtenAtMs, 20);
  bytes.writeUInt32LE(encoding, 28);
  bytes.writeUInt8(value === undefined ? 1 : 0, 32);
  if (value !== undefined) bytes.set(value, HEADER_BYTES);
  bytes.writeUInt32LE(checksum(name, bytes), 0);
  return bytes;
}

/** @throws {DamagedRecordError} when the checksum does not fit. */
export function decodeRecord(name: Buffer, bytes: Buffer): JournalRecord {
  const isWhole = name.length > NAME_BYTES && bytes.length >= HEADER_BYTES;
  if (!isWhole || bytes.readUInt32LE(0) !== checksum(name, bytes)) {
    throw new DamagedRecordError("a record's checksum does not fit its bytes");
  }
  const expiresAtMs = bytes.readDoubleLE(12);
  const isDeletion = bytes.readUInt8(32) === 1;
  return {
    partition: name.readUInt16BE(4),
    cacheId: name.readUInt32BE(6),
    key: name.toString("utf8", NAME_BYTES),
    version: bytes.readDoubleLE(4),
    // A copy: what the storage hands out is valid for this turn only.
    value: isDeletion ? undefined : new Uint8Array(bytes.subarray(HEADER_BYTES)),
    encoding: bytes.readUInt32LE(28),
    expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs,
    writtenAtMs: bytes.readDoubleLE(20),
  };
}

function checksum(name: Buffer, bytes: Buffer): number {
  return crc32(bytes.subarray(4), crc32(name));
}
