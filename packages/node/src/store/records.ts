/**
 * The records of a store's entries: keys, values, versions and ends, in slots of paged memory. How one lies there,
 * record-layout.ts says. Where a record is and when it goes are the store's matter; so is everything about an entry
 * that changes when it is read.
 */
import { hash32OfWords, viewOf } from "@holdfast/core";
import { byteOffset, NOWHERE, type Pages, wordOffset } from "./pages.js";
import {
  ENCODING_BITS,
  ENCODING_MASK,
  ENCODING_SHIFT,
  END_FLAG,
  END_LINKS,
  endBytes,
  HEAD_BYTES,
  HOLDS,
  HOLDS_SHIFT,
  headCapacity,
  headClass,
  holdsOf,
  isInOneSlot,
  isLinked,
  keyLengthOf,
  keyWord,
  LINKED_HEAD_BYTES,
  leadLength,
  NEXT_WORD,
  PART_BYTES,
  PINNED_FLAG,
  PREFIX_BYTES,
  prefixLength,
  VALUE_LENGTH_BITS,
  VERSION_HIGH_MASK,
  valueLengthOf,
} from "./record-layout.js";
import { classOf, SLOT_BYTES } from "./size-classes.js";
import { type Slots, USE_WORD } from "./slots.js";
import { SoughtKey } from "./sought-key.js";

/** What is written under a key. */
export interface RecordContent {
  /** `undefined`: it is known that there is nothing. */
  readonly value: Uint8Array | undefined;
  /** From 0 to 65,535. Not kept where there is no value: then it is 0. */
  readonly encoding: number;
  readonly version: number;
  readonly pinned: boolean;
  /** In wall-clock ms; Infinity: never. */
  readonly expiresAtMs: number;
}

/** Bytes of a value within a larger piece of memory: from `start` to before `end`. */
export interface ValueLocation {
  bytes: Buffer;
  /** Of all of `bytes`. */
  view: DataView;
  start: number;
  end: number;
}

/** A record that is not copied. */
export interface RecordInPlace extends ValueLocation {
  version: number;
  encoding: number;
  /** Infinity: never. */
  expiresAtMs: number;
  pinned: boolean;
  /** Of its key and its end, and of its value with what stands before that. */
  leadLength: number;
  storedLength: number;
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
  write(id: number, key: SoughtKey, content: RecordContent): number {
    const value = storedValue(content);
    const { length } = value;
    const lead = leadLength(key.length, content.expiresAtMs);
    const place = this.#slots.allocate(headClass(lead, length));
    this.#writeHead(place, key.length, length, content);
    const bytes = this.#pages.bytesAt(place);
    const keyAt = this.#keyOffset(place);
    copy(key.bytes, key.start, key.start + key.length, bytes, keyAt);
    if (isInOneSlot(lead, length)) copy(value, 0, length, bytes, keyAt + key.length);
    else this.#writeParts(id, place, value);
    return place;
  }

  /** Replaces the content of a record in its slot, and unlinks its end. Returns whether it fits exactly there. */
  overwrite(place: number, content: RecordContent): boolean {
    const keyLength = this.keyLength(place);
    const value = storedValue(content);
    const { length } = value;
    const lead = leadLength(keyLength, content.expiresAtMs);
    if (lead !== this.leadLength(place)) return false;
    if (!isInOneSlot(lead, length) || this.#isLinked(place)) return false;
    if (this.#slots.classAt(place) !== headClass(lead, length)) return false;
    this.#writeHead(place, keyLength, length, content);
    const valueAt = byteOffset(place) + HEAD_BYTES + lead;
    copy(value, 0, length, this.#pages.bytesAt(place), valueAt);
    return true;
  }

  /** Writes a record anew that never ended, and may end now. Returns its place; the old one is still there. */
  rewrite(id: number, place: number, expiresAtMs: number): number {
    const keyLength = this.keyLength(place);
    const keyAt = this.#keyOffset(place);
    const key = new SoughtKey(this.#hashSeed);
    key.set(this.#pages.bytesAt(place).subarray(keyAt, keyAt + keyLength));
    return this.write(id, key, {
      value: this.value(place),
      encoding: this.encoding(place),
      version: this.version(place),
      pinned: this.isPinned(place),
      expiresAtMs,
    });
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
    return keyLengthOf(this.#word(place, 0));
  }

  /** As in record-layout.ts. */
  leadLength(place: number): number {
    return this.keyLength(place) + endBytes(this.#word(place, USE_WORD));
  }

  /** As in record-layout.ts. */
  storedLength(place: number): number {
    return valueLengthOf(this.#word(place, 0));
  }

  version(place: number): number {
    const high = this.#word(place, USE_WORD) & VERSION_HIGH_MASK;
    return high * 2 ** 32 + this.#word(place, 1);
  }

  encoding(place: number): number {
    const flags = this.#word(place, USE_WORD);
    const low = (flags >>> ENCODING_SHIFT) & ENCODING_MASK;
    if (prefixLength(this.#word(place, 0), flags) === 0) return low;
    const at = this.#keyOffset(place) + this.keyLength(place);
    return low | (this.#pages.bytesAt(place).readUInt16LE(at) << ENCODING_BITS);
  }

  isAbsence(place: number): boolean {
    return (
      holdsOf(this.#word(place, USE_WORD)) === HOLDS.prefixed && this.storedLength(place) === 0
    );
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

  /** Whether it has an end, be it never. */
  hasEnd(place: number): boolean {
    return endBytes(this.#word(place, USE_WORD)) !== 0;
  }

  /** When it ends, in wall-clock ms; Infinity: never. */
  endMs(place: number): number {
    if (!this.hasEnd(place)) return Number.POSITIVE_INFINITY;
    const at = this.#endAt(place);
    const words = this.#pages.wordsAt(place);
    HALVES[0] = words[at] as number;
    HALVES[1] = words[at + 1] as number;
    return DOUBLE[0] as number;
  }

  /** Of a record that has an end. */
  setEnd(place: number, endMs: number): void {
    const at = this.#endAt(place);
    const words = this.#pages.wordsAt(place);
    DOUBLE[0] = endMs;
    words[at] = HALVES[0] as number;
    words[at + 1] = HALVES[1] as number;
  }

  /** One of the two links of an end, 0 or 1: at first 0. */
  endLink(place: number, which: number): number {
    return this.#pages.wordsAt(place)[this.#endAt(place) + END_LINKS + which] as number;
  }

  setEndLink(place: number, which: number, link: number): void {
    this.#pages.wordsAt(place)[this.#endAt(place) + END_LINKS + which] = link;
  }

  /** Whether the record's key is this one. */
  hasKey(place: number, key: SoughtKey): boolean {
    const words = this.#pages.wordsAt(place);
    const start = wordOffset(place);
    const head = words[start] as number;
    const { length } = key;
    if (keyLengthOf(head) !== length) return false;
    const keyAt = start + keyWord(head, words[start + USE_WORD] as number);
    const sought = key.words;
    const whole = length >>> 2;
    for (let index = 0; index < whole; index++) {
      if (words[keyAt + index] !== sought[index]) return false;
    }
    const bits = 8 * (length & 3);
    if (bits === 0) return true;
    const difference = (words[keyAt + whole] as number) ^ (sought[whole] as number);
    return (difference & (2 ** bits - 1)) === 0;
  }

  hashOfKey(place: number): number {
    const words = this.#pages.wordsAt(place);
    const start = wordOffset(place);
    const head = words[start] as number;
    const keyAt = start + keyWord(head, words[start + USE_WORD] as number);
    return hash32OfWords(words, this.#hashSeed, keyAt, keyLengthOf(head));
  }

  /** The key as text. */
  keyText(place: number): string {
    const keyLength = this.keyLength(place);
    const at = this.#keyOffset(place);
    return this.#pages.bytesAt(place).toString("utf8", at, at + keyLength);
  }

  /** A copy of the value; `undefined` for an absence. */
  value(place: number): Buffer | undefined {
    const words = this.#pages.wordsAt(place);
    const start = wordOffset(place);
    const head = words[start] as number;
    const flags = words[start + USE_WORD] as number;
    const stored = valueLengthOf(head);
    if (stored === 0) return holdsOf(flags) === HOLDS.value ? Buffer.alloc(0) : undefined;
    const prefix = prefixLength(head, flags);
    if (isLinked(head, flags)) return this.#linkedValue(place, stored).subarray(prefix);
    const at = 4 * (start + keyWord(head, flags)) + keyLengthOf(head);
    const value = Buffer.allocUnsafe(stored - prefix);
    value.set(this.#bytesOf(place, at + prefix, stored - prefix));
    return value;
  }

  /** Tells where the value lies; of one in several slots, where a copy of it does. Not for an absence. */
  locateValue(place: number, found: ValueLocation): void {
    const words = this.#pages.wordsAt(place);
    const start = wordOffset(place);
    const head = words[start] as number;
    const flags = words[start + USE_WORD] as number;
    const length = valueLengthOf(head);
    if (isLinked(head, flags)) {
      found.bytes = this.#linkedValue(place, length);
      found.view = viewOf(found.bytes);
      found.start = 0;
    } else {
      found.bytes = this.#pages.bytesAt(place);
      found.view = this.#pages.viewAt(place);
      found.start = 4 * (start + keyWord(head, flags)) + keyLengthOf(head);
    }
    found.end = found.start + length;
    found.start += prefixLength(head, flags);
  }

  /** Tells a record as it lies there; `false`, and nothing of it, where it is an absence. */
  tellInPlace(place: number, found: RecordInPlace): boolean {
    const words = this.#pages.wordsAt(place);
    const start = wordOffset(place);
    const head = words[start] as number;
    const flags = words[start + USE_WORD] as number;
    const stored = valueLengthOf(head);
    if (stored === 0 && holdsOf(flags) === HOLDS.prefixed) return false;
    this.locateValue(place, found);
    const low = (flags >>> ENCODING_SHIFT) & ENCODING_MASK;
    const hasPrefix = prefixLength(head, flags) > 0;
    found.encoding = hasPrefix ? this.encoding(place) : low;
    found.version = (flags & VERSION_HIGH_MASK) * 2 ** 32 + (words[start + 1] as number);
    found.pinned = flags >= PINNED_FLAG;
    found.leadLength = keyLengthOf(head) + endBytes(flags);
    found.storedLength = stored;
    found.expiresAtMs = endBytes(flags) === 0 ? Number.POSITIVE_INFINITY : this.endMs(place);
    return true;
  }

  /** The slot's content was asked to move: copies it. Returns the id of the entry if it is a part of a record. */
  move(from: number, to: number): number | undefined {
    const start = byteOffset(from);
    const bytes = SLOT_BYTES[this.#slots.classAt(to)] as number;
    this.#pages.bytesAt(from).copy(this.#pages.bytesAt(to), byteOffset(to), start, start + bytes);
    return holdsOf(this.#word(to, USE_WORD)) === HOLDS.part ? this.#word(to, 1) : undefined;
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

  #next(place: number): number {
    return this.#word(place, NEXT_WORD);
  }

  #isLinked(place: number): boolean {
    return isLinked(this.#word(place, 0), this.#word(place, USE_WORD));
  }

  /** Of the key, in the bytes of the place. */
  #keyOffset(place: number): number {
    return byteOffset(place) + 4 * keyWord(this.#word(place, 0), this.#word(place, USE_WORD));
  }

  /** Of the end, in the words of the place. */
  #endAt(place: number): number {
    return wordOffset(place) + (this.#isLinked(place) ? LINKED_HEAD_BYTES : HEAD_BYTES) / 4;
  }

  #writeHead(place: number, keyLength: number, length: number, content: RecordContent): void {
    const { value, version, encoding, pinned, expiresAtMs } = content;
    const words = this.#pages.wordsAt(place);
    const at = wordOffset(place);
    const holds = value === undefined || encoding > ENCODING_MASK ? HOLDS.prefixed : HOLDS.value;
    const low = encoding & ENCODING_MASK;
    const high = Math.floor(version / 2 ** 32);
    const hasEnd = expiresAtMs !== Number.POSITIVE_INFINITY;
    words[at] = length | ((keyLength - 1) << VALUE_LENGTH_BITS);
    words[at + 1] = version;
    const flags = (holds << HOLDS_SHIFT) | (pinned ? PINNED_FLAG : 0) | (hasEnd ? END_FLAG : 0);
    words[at + USE_WORD] = high | (low << ENCODING_SHIFT) | flags;
    if (!hasEnd) return;
    this.setEnd(place, expiresAtMs);
    this.setEndLink(place, 0, 0);
    this.setEndLink(place, 1, 0);
  }

  #writeParts(id: number, head: number, value: Uint8Array): void {
    const lead = this.leadLength(head);
    let written = headCapacity(lead);
    const valueAt = byteOffset(head) + LINKED_HEAD_BYTES + lead;
    copy(value, 0, written, this.#pages.bytesAt(head), valueAt);
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

  /** What lies in several slots in one piece, with what stands before the value. */
  #linkedValue(place: number, length: number): Buffer {
    const value = Buffer.allocUnsafe(length);
    let copied = headCapacity(this.leadLength(place));
    const at = this.#keyOffset(place) + this.keyLength(place);
    value.set(this.#bytesOf(place, at, copied));
    for (let part = this.#next(place); part !== NOWHERE; part = this.#next(part)) {
      const partLength = this.#word(part, 0);
      value.set(this.#bytesOf(part, byteOffset(part) + LINKED_HEAD_BYTES, partLength), copied);
      copied += partLength;
    }
    return value;
  }

  /** Some bytes of the segment that a place is in. It costs less than a part of `bytesAt`. */
  #bytesOf(place: number, at: number, length: number): Uint8Array {
    return new Uint8Array(this.#pages.memoryAt(place), at, length);
  }
}

const NO_BYTES = Buffer.alloc(0);

/** The value with what stands before it. Those that have something, as compressed ones do, are copied. */
function storedValue({ value, encoding }: RecordContent): Uint8Array {
  if (value === undefined) return NO_BYTES;
  if (encoding <= ENCODING_MASK) return value;
  const prefixed = Buffer.allocUnsafe(PREFIX_BYTES + value.length);
  prefixed.writeUInt16LE(encoding >>> ENCODING_BITS);
  prefixed.set(value, PREFIX_BYTES);
  return prefixed;
}

/** The same double, as a whole and in halves. */
const DOUBLE = new Float64Array(1);
const HALVES = new Uint32Array(DOUBLE.buffer);

/** Below this, a loop is faster than a call of the runtime's. */
const LOOP_MAX_BYTES = 48;

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start <= LOOP_MAX_BYTES) {
    for (let index = start; index < end; index++) to[at + index - start] = from[index] as number;
  } else if (start === 0 && end === from.length) to.set(from, at);
  else to.set(from.subarray(start, end), at);
}
