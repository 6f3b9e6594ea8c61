/**
 * The parts of protobuf's wire format that hot messages are made of (https://protobuf.dev/programming-guides/encoding):
 * varints, and what is preceded by its length.
 */

import { viewOf } from "@holdfast/core";

/** How a field's value is written: the low three bits of its tag. */
export const VARINT = 0;
export const DELIMITED = 2;

/** Up to this a loop is faster than a call of the runtime's, byte by byte and word by word. */
const LOOP_MAX_BYTES = 64;
const WORDS_MAX_BYTES = 192;

/** Bytes of UTF-8 for a unit of UTF-16. */
const MOST_BYTES_PER_UNIT = 3;

/** A tag, and a number of up to 53 bits. */
const MOST_NUMBER_BYTES = 16;

/** The largest number that fits into 32 bits. */
export const MAX_UINT32: number = 2 ** 32 - 1;

export function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** Reads a message, or finds that somebody else has to: then `isSound` is false, and what was read means nothing. */
export class WireReader {
  bytes: Buffer;
  at: number;
  end: number;
  isSound = true;

  /** @param at - where to begin. */
  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.end = bytes.length;
  }

  /** Begins anew, with another message. */
  begin(bytes: Buffer): void {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
    this.isSound = true;
  }

  get hasMore(): boolean {
    return this.at < this.end;
  }

  /** A number up to 2^53 - 1; whatever is larger, negative ones included, is for somebody else. */
  varint(): number {
    const { bytes, end } = this;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.at >= end) return this.fail();
      const byte = bytes[this.at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    for (let factor = 2 ** 28; factor <= 2 ** 49; factor *= 2 ** 7) {
      if (this.at >= end) return this.fail();
      const byte = bytes[this.at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : this.fail();
    }
    return this.fail();
  }

  /** A number up to `max`. */
  varintUpTo(max: number): number {
    const value = this.varint();
    return value <= max ? value : this.fail();
  }

  /** Reads a length, and returns where what has it ends. */
  delimited(): number {
    const length = this.varint();
    const end = this.at + length;
    if (end <= this.end) return end;
    this.fail();
    return this.end;
  }

  /** A part of the message, not a copy. */
  slice(): Buffer {
    const end = this.delimited();
    const { at } = this;
    this.at = end;
    return at === end ? NOTHING : this.bytes.subarray(at, end);
  }

  text(): string {
    const end = this.delimited();
    const { at } = this;
    this.at = end;
    const text = this.bytes.toString("utf8", at, end);
    // What is not well-formed is somebody else's to make sense of.
    if (text.includes(REPLACEMENT)) this.fail();
    return text;
  }

  /** Gives up. */
  fail(): 0 {
    this.isSound = false;
    this.at = this.end;
    return 0;
  }
}

const NOTHING = Buffer.alloc(0);

const REPLACEMENT = "\ufffd";

/** Bytes of a number from 0 to 2^53 - 1. */
export function varintBytes(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  if (value < 2 ** 21) return 3;
  if (value < 2 ** 28) return 4;
  if (value < 2 ** 35) return 5;
  if (value < 2 ** 42) return 6;
  return value < 2 ** 49 ? 7 : 8;
}

/** Copies few bytes: a word at a time, wherever it lies, and four of them before it is asked whether that is all. */
function copyFew(from: DataView, start: number, end: number, to: DataView, at: number): void {
  let index = start;
  let target = at;
  for (const last = end - 15; index < last; index += 16, target += 16) {
    const first = from.getUint32(index, true);
    const second = from.getUint32(index + 4, true);
    const third = from.getUint32(index + 8, true);
    const fourth = from.getUint32(index + 12, true);
    to.setUint32(target, first, true);
    to.setUint32(target + 4, second, true);
    to.setUint32(target + 8, third, true);
    to.setUint32(target + 12, fourth, true);
  }
  for (const last = end - 3; index < last; index += 4, target += 4) {
    to.setUint32(target, from.getUint32(index, true), true);
  }
  for (; index < end; index++) to.setUint8(target++, from.getUint8(index));
}

/** Writes a message, or finds that somebody else has to: `isSound` is false then, and what was written means nothing. */
export class WireWriter {
  #bytes: Buffer;
  #view: DataView;
  #at = 0;
  isSound = true;

  /** @param bytes - to be written into; where they do not suffice, others are taken. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** How much was written. */
  get at(): number {
    return this.#at;
  }

  /** What was written. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Begins anew. */
  begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#at = 0;
    this.isSound = true;
  }

  /** Takes back what was written since `at`, and whatever was wrong with it. */
  returnTo(at: number): void {
    this.#at = at;
    this.isSound = true;
  }

  /** Writes bytes as they are. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A number, unless it is 0 or absent, as fields are that are not optional. */
  number(tag: number, value: unknown): void {
    if (value !== 0 && value !== undefined && value !== null) this.optionalNumber(tag, value);
  }

  /** A number, unless it is absent. */
  optionalNumber(tag: number, value: unknown): void {
    if (value === undefined || value === null) return;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
      this.isSound = false;
      return;
    }
    this.reserve(MOST_NUMBER_BYTES);
    this.#varint(tag);
    this.#varint(value);
  }

  flag(tag: number, value: unknown): void {
    if (value === true) this.optionalNumber(tag, 1);
    else if (value !== false && value !== undefined && value !== null) this.isSound = false;
  }

  /** Bytes, unless they are absent. */
  optionalBytes(tag: number, value: unknown): void {
    if (value === undefined || value === null) return;
    if (!(value instanceof Uint8Array)) {
      this.isSound = false;
      return;
    }
    const { length } = value;
    this.reserve(MOST_NUMBER_BYTES + length);
    this.#varint(tag);
    this.#varint(length);
    const bytes = this.#bytes;
    const at = this.#at;
    if (length <= LOOP_MAX_BYTES) {
      for (let index = 0; index < length; index++) bytes[at + index] = value[index] as number;
    } else bytes.set(value, at);
    this.#at = at + length;
  }

  /** Text in UTF-8; it is well-formed. */
  text(tag: number, text: string): void {
    const { length } = text;
    this.reserve(MOST_NUMBER_BYTES + MOST_BYTES_PER_UNIT * length);
    this.#varint(tag);
    if (length < LOOP_MAX_BYTES && this.#shortAscii(text)) return;
    this.#varint(Buffer.byteLength(text));
    this.#at += this.#bytes.write(text, this.#at);
  }

  /** Writes a text and its length, which takes one byte, if it is ASCII; says whether it is. */
  #shortAscii(text: string): boolean {
    const { length } = text;
    const bytes = this.#bytes;
    const at = this.#at + 1;
    let all = 0;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      all |= code;
      bytes[at + index] = code;
    }
    if (all >= 0x80) return false;
    bytes[at - 1] = length;
    this.#at = at + length;
    return true;
  }

  /** Begins a message within the message. Returns what `end` has to be told. */
  beginMessage(tag: number, likelyBytes: number): number {
    const lengthBytes = varintBytes(likelyBytes);
    this.reserve(MOST_NUMBER_BYTES);
    this.#varint(tag);
    this.#at += lengthBytes;
    return this.#at;
  }

  /** @param start - from `beginMessage`. @param likelyBytes - as it was told. */
  endMessage(start: number, likelyBytes: number): void {
    const length = this.#at - start;
    const reserved = varintBytes(likelyBytes);
    const needed = varintBytes(length);
    if (needed !== reserved) {
      this.reserve(needed);
      this.#bytes.copyWithin(start + needed - reserved, start, this.#at);
    }
    this.#at = start - reserved;
    this.#varint(length);
    this.#at += length;
  }

  // What is raw is written unchecked, into what was reserved for it.

  /** A tag of one byte, and a number or length from 0 to 2^53 - 1. */
  rawPair(tag: number, value: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = tag;
    this.#at = at + 1;
    if (value >= 0x80) {
      this.#varint(value);
      return;
    }
    bytes[at + 1] = value;
    this.#at = at + 2;
  }

  /** Bytes of others, from `start` to before `end`. @param view - of all of `from`. */
  rawBytes(from: Buffer, view: DataView, start: number, end: number): void {
    const at = this.#at;
    this.#at = at + end - start;
    if (end - start <= WORDS_MAX_BYTES) copyFew(view, start, end, this.#view, at);
    else from.copy(this.#bytes, at, start, end);
  }

  /** A number from 0 to 2^53 - 1. */
  #varint(value: number): void {
    const bytes = this.#bytes;
    let rest = value;
    let at = this.#at;
    if (value >= 2 ** 28) {
      // In two parts that fit into 32 bits: the arithmetic of larger numbers is slow.
      rest = Math.floor(value / 2 ** 28);
      const low = value - rest * 2 ** 28;
      bytes[at] = low | 0x80;
      bytes[at + 1] = (low >>> 7) | 0x80;
      bytes[at + 2] = (low >>> 14) | 0x80;
      bytes[at + 3] = (low >>> 21) | 0x80;
      at += 4;
    }
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = rest | 0x80;
    bytes[at] = rest;
    this.#at = at + 1;
  }

  /** Makes room for so many bytes more. */
  reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}
