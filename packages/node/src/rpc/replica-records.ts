/**
 * Batches of replication between their wire form and the one that both sides work with. Their records
 * travel packed, because there is one for every write: peer.proto says how.
 */
import type { ReplicaBatch__Output, ReplicaBatch as ReplicaBatchMessage } from "@holdfast/proto";
import { packedBytesOf, packRecord, unpackRecord } from "../journal/packed-record.js";
import type { ReplicaBatch, ReplicaHello, ReplicaRecord } from "../replication/messages.js";

const KINDS = ["PUT", "CLEAN", "BEGIN", "MERGE", "END", "FILL", "DROP", "FORGET"] as const;
const KIND_NUMBERS = Object.fromEntries(KINDS.map((kind, number) => [kind, number])) as Readonly<
  Record<ReplicaRecord["kind"], number>
>;
const HEADER_BYTES = 4 + 1 + 2 + 4 + 8;

export function toBatchMessage(
  { id, first, records, cleaned }: ReplicaBatch,
  hello: ReplicaHello | undefined,
): ReplicaBatchMessage {
  return { id, first, records: pack(records), cleaned: pack(cleaned), ...(hello && { hello }) };
}

/** @throws {RangeError} when bytes are no records. */
export function fromBatchMessage(message: ReplicaBatch__Output): ReplicaBatch {
  const { id, first, records, cleaned } = message;
  return {
    id,
    first,
    records: unpack(records),
    cleaned: unpack(cleaned).filter((record) => record.kind === "CLEAN"),
  };
}

function pack(records: readonly ReplicaRecord[]): Buffer {
  const lengths = records.map(frameBytesOf);
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const [index, record] of records.entries()) {
    const length = lengths[index] as number;
    packFrame(record, bytes, offset, length);
    offset += length;
  }
  return bytes;
}

function packFrame(record: ReplicaRecord, buffer: Buffer, offset: number, length: number): void {
  let at = buffer.writeUInt32LE(length, offset);
  at = buffer.writeUInt8(KIND_NUMBERS[record.kind], at);
  at = buffer.writeUInt16LE(record.partition, at);
  at = buffer.writeUInt32LE(record.term, at);
  at = buffer.writeDoubleLE(record.sync, at);
  const restBytes = length - HEADER_BYTES;
  switch (record.kind) {
    case "PUT":
      buffer.writeUInt8(record.journal ? 1 : 0, at);
      packRecord(record.entry, buffer, at + 1, restBytes - 1);
      break;
    case "FILL":
      packRecord(record.entry, buffer, at, restBytes);
      break;
    case "CLEAN":
      at = buffer.writeUInt32LE(record.entry.cacheId, at);
      at = buffer.writeDoubleLE(record.entry.version, at);
      buffer.write(record.entry.key, at, "utf8");
      break;
    case "DROP":
      at = buffer.writeUInt32LE(record.entry.cacheId, at);
      buffer.write(record.entry.key, at, "utf8");
      break;
    case "BEGIN":
    case "MERGE":
      buffer.writeDoubleLE(record.epoch, at);
      break;
    default:
  }
}

function frameBytesOf(record: ReplicaRecord): number {
  return HEADER_BYTES + restBytesOf(record);
}

function restBytesOf(record: ReplicaRecord): number {
  switch (record.kind) {
    case "PUT":
      return 1 + packedBytesOf(record.entry);
    case "FILL":
      return packedBytesOf(record.entry);
    case "CLEAN":
      return 4 + 8 + Buffer.byteLength(record.entry.key);
    case "DROP":
      return 4 + Buffer.byteLength(record.entry.key);
    case "BEGIN":
    case "MERGE":
      return 8;
    default:
      return 0;
  }
}

function unpack(bytes: Buffer): ReplicaRecord[] {
  const records: ReplicaRecord[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + bytes.readUInt32LE(offset);
    if (end < offset + HEADER_BYTES || end > bytes.length) {
      throw new RangeError("a replicated record is cut off");
    }
    records.push(unpackFrame(bytes, offset, end));
    offset = end;
  }
  return records;
}

function unpackFrame(bytes: Buffer, offset: number, end: number): ReplicaRecord {
  const kind = KINDS[bytes.readUInt8(offset + 4)];
  const partition = bytes.readUInt16LE(offset + 5);
  const header = {
    partition,
    term: bytes.readUInt32LE(offset + 7),
    sync: bytes.readDoubleLE(offset + 11),
  };
  const at = offset + HEADER_BYTES;
  switch (kind) {
    case "PUT": {
      const journal = bytes.readUInt8(at) === 1;
      return { kind, ...header, entry: unpackRecord(bytes, at + 1, end), journal };
    }
    case "FILL":
      return { kind, ...header, entry: unpackRecord(bytes, at, end) };
    case "CLEAN": {
      const version = bytes.readDoubleLE(at + 4);
      return { kind, ...header, entry: { ...unpackName(bytes, at, 12, end), partition, version } };
    }
    case "DROP":
      return { kind, ...header, entry: { ...unpackName(bytes, at, 4, end), partition } };
    case "BEGIN":
    case "MERGE":
      return { kind, ...header, epoch: bytes.readDoubleLE(at) };
    case "END":
    case "FORGET":
      return { kind, ...header };
    default:
      throw new RangeError("a replicated record is of a kind that this release does not know");
  }
}

/** @param keyAfter - how many bytes after the name's beginning the key begins. */
function unpackName(
  bytes: Buffer,
  at: number,
  keyAfter: number,
  end: number,
): { readonly cacheId: number; readonly key: string } {
  if (at + keyAfter > end) throw new RangeError("a replicated record's name is cut off");
  return { cacheId: bytes.readUInt32LE(at), key: bytes.toString("utf8", at + keyAfter, end) };
}
