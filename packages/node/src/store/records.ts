/**
 * How a key and its value lie in the memory of a store.
 *
 * A record has a head of three words, the key's bytes and the value's:
 *
 *   word 0   length of the value (23 bits), length of the key less 1 (9 bits)
 *   word 1   version, low 32 bits
 *   word 2   version, high 21 bits; encoding (8 bits); what the slot holds (2 bits, never 0);
 *            whether the entry is pinned (1 bit)
 *
 * The encodings of compressed values are longer than a byte: their upper byte stands before the value.
 *
 * A record that is longer than the largest slot has a fourth word, the place of its next part, and goes on
 * there: parts have a head of four words (length, the entry's id, what it is, the next part if there is one). Where a record is
 * and when it goes are the store's matter; so is everything about an entry that changes when it is read.
 */
import { hash32 } from "@holdfast/core";
import { byteOffset, NOWHERE, type Pages, wordOffset } from "./pages.js";
import { classOf, MAX_SLOT_BYTES, SLOT_BYTES } from "./size-classes.js";
import { type Slots, USE_WORD } from "./slots.js";

const HEAD_BYTES = 12;
/** Of records in several slots, and of their parts. */
const LINKED_HEAD_BYTES = 16;
const NEXT_WORD = 3;
const PART_BYTES: number = MAX_SLOT_BYTES - LINKED_HEAD_BYTES;

const VALUE_LENGTH_BITS = 23;
const VALUE_LENGTH_MASK = 2 ** VALUE_LENGTH_BITS - 1;
const VERSION_HIGH_MASK = 2 ** 21 - 1;
const ENCODING_SHIFT = 21;
const HOLDS_SHIFT = 29;
/** Without any bytes, what is prefixed is nothing: it is known that there is no value. */
const HOLDS = { value: 1, prefixed: 2, part: 3 } as const;
const HOLDS_MASK = 3;
const PINNED_FLAG: number = 2 ** 31;

/** What is written under a key. */
export interface RecordContent {
  /** `undefined`: it is known that there is nothing. */
  readonly value: Uint8Array | undefined;
  /** From 0 to 65,535. Not kept where there is no value: then it is 0. */
  readonly encoding: number;
  readonly version: number;
  readonly pinned: boolean;
}

/** Bytes of a value within a larger piece of memory: from `start` to before `end`. */
export interface ValueLocation {
  bytes: Buffer;
  start: number;
  end: number;
}

/** Bytes that the value of a record takes, with what stands before it. */
export function storedLength(value: Uint8Array | undefined, encoding: number): number {
  if (value === undefined) return 0;
  return encoding > 0xff ? value.length + 1 : value.length;
}

/** Bytes of the slots that a record takes. */
export function recordBytes(keyLength: number, valueLength: number): number {
  const inOne = HEAD_BYTES + keyLength + valueLength;
  if (inOne <= MAX_SLOT_BYTES) return SLOT_BYTES[classOf(inOne)] as number;
  const rest = valueLength - headCapacity(keyLength);
  const last = rest % PART_BYTES;
  const lastBytes = last === 0 ? 0 : (SLOT_BYTES[classOf(LINKED_HEAD_BYTES + last)] as number);
  return MAX_SLOT_BYTES * (1 + Math.floor(rest / PART_BYTES)) + lastBytes;
}

/** Class of the slot that a record begins in. */
export function headClass(keyLength: number, valueLength: number): number {
  return classOf(Math.min(HEAD_BYTES + keyLength + valueLength, MAX_SLOT_BYTES));
}

/** Bytes of a value that the first slot of a linked record has room for. */
function headCapacity(keyLength: number): number {
  return MAX_SLOT_BYTES - LINKED_HEAD_BYTES - keyLength;
}

export class Records {
  readonly #pages: Pages;
  readonly #slots: Slots;
  readonly #hashSeed: number;

  constructor(pages: Pages, slots: Slots, hashSeed: number) {
    this.#pages = pages;
    this.#slots = slots;
    this.#hashSeed = hashSeed;
  }

  /** Writes a new record. Returns its place. `id` is the entry's, to find it from a part. */
  write(id: number, key: Uint8Array, keyLength: number, content: RecordContent): number {
    const value = storedValue(content);
    const { length } = value;
    const place = this.#slots.allocate(headClass(keyLength, length));
    this.#writeHead(place, keyLength, length, content);
    const keyAt = this.#keyOffset(place, keyLength, length);
    copy(key, 0, keyLength, this.#pages.bytesAt(place), keyAt);
    if (HEAD_BYTES + keyLength + length <= MAX_SLOT_BYTES) {
      copy(value, 0, length, this.#pages.bytesAt(place), keyAt + keyLength);
    } else this.#writeParts(id, place, keyLength, value);
    return place;
  }

  /** Replaces the content of a record in its slot. Returns whether it fits exactly there. */
  overwrite(place: number, content: RecordContent): boolean {
    const keyLength = this.keyLength(place);
    const value = storedValue(content);
    const { length } = value;
    const isInOne = HEAD_BYTES + keyLength + length <= MAX_SLOT_BYTES;
    if (!isInOne || this.#isLinked(place)) return false;
    if (this.#slots.classAt(place) !== headClass(keyLength, length)) return false;
    this.#writeHead(place, keyLength, length, content);
    copy(value, 0, length, this.#pages.bytesAt(place), byteOffset(place) + HEAD_BYTES + keyLength);
    return true;
  }

  /** Gives back what a record takes. */
  free(place: number): void {
    let next = this.#isLinked(place) ? this.#next(place) : NOWHERE;
    this.#slots.release(place);
    while (next !== NOWHERE) {
      const part = next;
      next = this.#next(part);
      this.#slots.release(part);
    }
  }

  keyLength(place: number): number {
    return ((this.#word(place, 0) >>> VALUE_LENGTH_BITS) + 1) as number;
  }

  /** As `storedLength`. */
  storedLength(place: number): number {
    return this.#word(place, 0) & VALUE_LENGTH_MASK;
  }

  version(place: number): number {
    const high = this.#word(place, USE_WORD) & VERSION_HIGH_MASK;
    return high * 2 ** 32 + this.#word(place, 1);
  }

  encoding(place: number): number {
    const low = (this.#word(place, USE_WORD) >>> ENCODING_SHIFT) & 0xff;
    if (this.#prefixLength(place) === 0) return low;
    const keyLength = this.keyLength(place);
    const at = this.#keyOffset(place, keyLength, this.storedLength(place)) + keyLength;
    return low | ((this.#pages.bytesAt(place)[at] as number) << 8);
  }

  isAbsence(place: number): boolean {
    return this.#holds(place) === HOLDS.prefixed && this.storedLength(place) === 0;
  }

  isPinned(place: number): boolean {
    return this.#word(place, USE_WORD) >= PINNED_FLAG;
  }

  setPinned(place: number, isPinned: boolean): void {
    const words = this.#pages.wordsAt(place);
    const at = wordOffset(place) + USE_WORD;
    const others = (words[at] as number) & ~PINNED_FLAG;
    words[at] = isPinned ? others | PINNED_FLAG : others;
  }

  /** Whether the record's key is this one. */
  hasKey(place: number, key: Uint8Array, keyLength: number): boolean {
    const word = this.#word(place, 0);
    if ((word >>> VALUE_LENGTH_BITS) + 1 !== keyLength) return false;
    const bytes = this.#pages.bytesAt(place);
    const at = this.#keyOffset(place, keyLength, word & VALUE_LENGTH_MASK);
    for (let index = 0; index < keyLength; index++) {
      if (bytes[at + index] !== key[index]) return false;
    }
    return true;
  }

  hashOfKey(place: number): number {
    const keyLength = this.keyLength(place);
    const at = this.#keyOffset(place, keyLength, this.storedLength(place));
    return hash32(this.#pages.bytesAt(place), this.#hashSeed, at, at + keyLength);
  }

  /** The key as text. */
  keyText(place: number): string {
    const keyLength = this.keyLength(place);
    const at = this.#keyOffset(place, keyLength, this.storedLength(place));
    return this.#pages.bytesAt(place).toString("utf8", at, at + keyLength);
  }

  /** A copy of the value; `undefined` for an absence. */
  value(place: number): Buffer | undefined {
    if (this.isAbsence(place)) return undefined;
    const length = this.storedLength(place);
    const value = Buffer.allocUnsafe(length);
    this.#copyValue(place, length, value);
    return this.#prefixLength(place) === 0 ? value : value.subarray(1);
  }

  /** Tells where the value lies; of one in several slots, where a copy of it does. Not for an absence. */
  locateValue(place: number, found: ValueLocation): void {
    const word = this.#word(place, 0);
    const keyLength = (word >>> VALUE_LENGTH_BITS) + 1;
    const length = word & VALUE_LENGTH_MASK;
    if (HEAD_BYTES + keyLength + length <= MAX_SLOT_BYTES) {
      found.bytes = this.#pages.bytesAt(place);
      found.start = byteOffset(place) + HEAD_BYTES + keyLength;
    } else {
      found.bytes = Buffer.allocUnsafe(length);
      found.start = 0;
      this.#copyValue(place, length, found.bytes);
    }
    found.end = found.start + length;
    found.start += this.#prefixLength(place);
  }

  /** The slot's content was asked to move: copies it. Returns the id of the entry if it is a part of a record. */
  move(from: number, to: number): number | undefined {
    const start = byteOffset(from);
    const bytes = SLOT_BYTES[this.#slots.classAt(to)] as number;
    this.#pages.bytesAt(from).copy(this.#pages.bytesAt(to), byteOffset(to), start, start + bytes);
    return this.#holds(to) === HOLDS.part ? this.#word(to, 1) : undefined;
  }

  /** The part of the record at `head` that was at `from` is at `to` now. */
  relink(head: number, from: number, to: number): void {
    let place = head;
    while (this.#next(place) !== from) place = this.#next(place);
    this.#pages.wordsAt(place)[wordOffset(place) + NEXT_WORD] = to;
  }

  #word(place: number, index: number): number {
    return this.#pages.wordsAt(place)[wordOffset(place) + index] as number;
  }

  #holds(place: number): number {
    return (this.#word(place, USE_WORD) >>> HOLDS_SHIFT) & HOLDS_MASK;
  }

  #prefixLength(place: number): number {
    return this.#holds(place) === HOLDS.prefixed && this.storedLength(place) > 0 ? 1 : 0;
  }

  #next(place: number): number {
    return this.#word(place, NEXT_WORD);
  }

  #isLinked(place: number): boolean {
    const word = this.#word(place, 0);
    const keyLength = (word >>> VALUE_LENGTH_BITS) + 1;
    return HEAD_BYTES + keyLength + (word & VALUE_LENGTH_MASK) > MAX_SLOT_BYTES;
  }

  #keyOffset(place: number, keyLength: number, valueLength: number): number {
    const isInOne = HEAD_BYTES + keyLength + valueLength <= MAX_SLOT_BYTES;
    return byteOffset(place) + (isInOne ? HEAD_BYTES : LINKED_HEAD_BYTES);
  }

  #writeHead(place: number, keyLength: number, length: number, content: RecordContent): void {
    const { value, version, encoding, pinned } = content;
    const words = this.#pages.wordsAt(place);
    const at = wordOffset(place);
    const holds = value === undefined || encoding > 0xff ? HOLDS.prefixed : HOLDS.value;
    const low = value === undefined ? 0 : encoding & 0xff;
    const high = Math.floor(version / 2 ** 32);
    words[at] = length | ((keyLength - 1) << VALUE_LENGTH_BITS);
    words[at + 1] = version;
    const flags = (holds << HOLDS_SHIFT) | (pinned ? PINNED_FLAG : 0);
    words[at + USE_WORD] = high | (low << ENCODING_SHIFT) | flags;
  }

  #writeParts(id: number, head: number, keyLength: number, value: Uint8Array): void {
    let written = headCapacity(keyLength);
    copy(
      value,
      0,
      written,
      this.#pages.bytesAt(head),
      byteOffset(head) + LINKED_HEAD_BYTES + keyLength,
    );
    let previous = head;
    while (written < value.length) {
      const length = Math.min(PART_BYTES, value.length - written);
      const part = this.#slots.allocate(classOf(LINKED_HEAD_BYTES + length));
      const words = this.#pages.wordsAt(part);
      const at = wordOffset(part);
      words[at] = length;
      words[at + 1] = id;
      words[at + USE_WORD] = (HOLDS.part << HOLDS_SHIFT) >>> 0;
      const bytesAt = byteOffset(part) + LINKED_HEAD_BYTES;
      copy(value, written, written + length, this.#pages.bytesAt(part), bytesAt);
      this.#setNext(previous, part);
      previous = part;
      written += length;
    }
    this.#setNext(previous, NOWHERE);
  }

  #setNext(place: number, next: number): void {
    this.#pages.wordsAt(place)[wordOffset(place) + NEXT_WORD] = next;
  }

  #copyValue(place: number, length: number, target: Buffer): void {
    const keyLength = this.keyLength(place);
    const bytes = this.#pages.bytesAt(place);
    if (!this.#isLinked(place)) {
      const at = byteOffset(place) + HEAD_BYTES + keyLength;
      copy(bytes, at, at + length, target, 0);
      return;
    }
    let at = byteOffset(place) + LINKED_HEAD_BYTES + keyLength;
    let copied = headCapacity(keyLength);
    bytes.copy(target, 0, at, at + copied);
    for (let part = this.#next(place); part !== NOWHERE; part = this.#next(part)) {
      at = byteOffset(part) + LINKED_HEAD_BYTES;
      const partLength = this.#word(part, 0);
      this.#pages.bytesAt(part).copy(target, copied, at, at + partLength);
      copied += partLength;
    }
  }
}

const NO_BYTES = Buffer.alloc(0);

/** The value with what stands before it. Those that are compressed, and so have something, are copied. */
function storedValue({ value, encoding }: RecordContent): Uint8Array {
  if (value === undefined) return NO_BYTES;
  if (encoding <= 0xff) return value;
  const prefixed = Buffer.allocUnsafe(1 + value.length);
  prefixed[0] = encoding >>> 8;
  prefixed.set(value, 1);
  return prefixed;
}

/** Below this, a loop is faster than a call of the runtime's. */
const LOOP_MAX_BYTES = 48;

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start <= LOOP_MAX_BYTES) {
    for (let index = start; index < end; index++) to[at + index - start] = from[index] as number;
  } else if (start === 0 && end === from.length) to.set(from, at);
  else to.set(from.subarray(start, end), at);
}
