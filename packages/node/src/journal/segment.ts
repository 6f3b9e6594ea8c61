/**
 * A segment: what a journal writes in one piece. Records, and notes that records of earlier segments are
 * to be forgotten, one behind the other, under one checksum, because the storage below has none.
 *
 *     name     slot u32 · sequence u48                                             (big-endian)
 *     segment  crc32 u32, of the name and what follows · frame · frame …       (all little-endian)
 *     record   1 u8 · bytes of the frame u32 · record, packed
 *     note     2 u8 · sequence u48 · which of its records u32
 */
import { crc32 } from "node:zlib";
import { packedBytesOf, packRecord, unpackRecord } from "./packed-record.js";
import type { JournalRecord } from "./record.js";

/** Where a record lies in its segment's bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Which record is forgotten: that of this number in that segment. */
export interface Note {
  readonly sequence: number;
  readonly ordinal: number;
}

export type Frame =
  | { readonly kind: "record"; readonly record: JournalRecord; readonly place: Place }
  | { readonly kind: "note"; readonly note: Note };

/** A segment's bytes are not what was written. */
export class DamagedSegmentError extends Error {
  override readonly name = "DamagedSegmentError";
}

const RECORD = 1;
const NOTE = 2;
const CHECKSUM_BYTES = 4;
const RECORD_HEADER_BYTES = 1 + 4;
const SEQUENCE_BYTES = 6;
const NOTE_BYTES = 1 + SEQUENCE_BYTES + 4;
/**
 * Enough for a write that is committed alone. It comes from Node's pool of buffers; one that was larger would
 * be memory of its own outside the heap, and so much of that for each commit makes V8 collect the whole
 * heap every few seconds.
 */
const FIRST_BYTES = 1_024;
const GROWTH = 4;

export function encodeName(slot: number, sequence: number): Buffer {
  const name = Buffer.allocUnsafe(4 + SEQUENCE_BYTES);
  name.writeUInt32BE(slot, 0);
  name.writeUIntBE(sequence, 4, SEQUENCE_BYTES);
  return name;
}

export function decodeName(name: Buffer): { readonly slot: number; readonly sequence: number } {
  return { slot: name.readUInt32BE(0), sequence: name.readUIntBE(4, SEQUENCE_BYTES) };
}

/** A segment that is being put together. */
export class SegmentDraft {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = CHECKSUM_BYTES;

  get length(): number {
    return this.#length;
  }

  get isEmpty(): boolean {
    return this.length === CHECKSUM_BYTES;
  }

  add(record: JournalRecord): Place {
    const packedBytes = packedBytesOf(record);
    const length = RECORD_HEADER_BYTES + packedBytes;
    const offset = this.#grow(length);
    const bytes = this.#bytes;
    bytes.writeUInt8(RECORD, offset);
    bytes.writeUInt32LE(length, offset + 1);
    packRecord(record, bytes, offset + RECORD_HEADER_BYTES, packedBytes);
    return { offset, length };
  }

  /** A record as it lies in another segment. */
  copy(from: Buffer, { offset, length }: Place): Place {
    const to = this.#grow(length);
    from.copy(this.#bytes, to, offset, offset + length);
    return { offset: to, length };
  }

  note({ sequence, ordinal }: Note): void {
    const offset = this.#grow(NOTE_BYTES);
    const bytes = this.#bytes;
    bytes.writeUInt8(NOTE, offset);
    bytes.writeUIntLE(sequence, offset + 1, SEQUENCE_BYTES);
    bytes.writeUInt32LE(ordinal, offset + 1 + SEQUENCE_BYTES);
  }

  /** The segment's bytes; nothing may be added any more. */
  finish(name: Buffer): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    bytes.writeUInt32LE(checksum(name, bytes), 0);
    return bytes;
  }

  /** @returns where the new bytes begin. */
  #grow(by: number): number {
    const offset = this.#length;
    this.#length += by;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * GROWTH, this.#length));
      this.#bytes.copy(larger, 0, 0, offset);
      this.#bytes = larger;
    }
    return offset;
  }
}

/** @throws {DamagedSegmentError} before anything is handed out. */
export function* decodeSegment(name: Buffer, bytes: Buffer): Iterable<Frame> {
  if (bytes.length < CHECKSUM_BYTES || bytes.readUInt32LE(0) !== checksum(name, bytes)) {
    throw new DamagedSegmentError("a record's checksum does not fit its bytes");
  }
  for (let offset = CHECKSUM_BYTES; offset < bytes.length; ) {
    if (bytes.readUInt8(offset) === NOTE) {
      const sequence = bytes.readUIntLE(offset + 1, SEQUENCE_BYTES);
      const ordinal = bytes.readUInt32LE(offset + 1 + SEQUENCE_BYTES);
      yield { kind: "note", note: { sequence, ordinal } };
      offset += NOTE_BYTES;
    } else {
      const length = bytes.readUInt32LE(offset + 1);
      yield { kind: "record", record: decodeRecord(bytes, offset), place: { offset, length } };
      offset += length;
    }
  }
}

/** The record at an offset of a segment that has been found to be whole. */
export function decodeRecord(bytes: Buffer, offset: number): JournalRecord {
  const length = bytes.readUInt32LE(offset + 1);
  return unpackRecord(bytes, offset + RECORD_HEADER_BYTES, offset + length);
}

function checksum(name: Buffer, bytes: Buffer): number {
  return crc32(bytes.subarray(CHECKSUM_BYTES), crc32(name));
}
