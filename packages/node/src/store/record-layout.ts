/**
 * How a key, its value and what goes with them lie in slots. A record has a head of three words, its end if it may
 * end, the key's bytes and the value's:
 *
 *   word 0   length of the value (23 bits), length of the key less 1 (9 bits)
 *   word 1   version, low 32 bits
 *   word 2   version, high 21 bits; encoding, low 7 bits; whether it may end (1 bit); what the slot holds (2 bits,
 *            never 0); whether the entry is pinned (1 bit)
 *
 * An end is four words: when, as a double, and the wheel's links (expiry.ts). Encodings that need more than 7 bits,
 * as those of compressed values do, have the rest of them in two bytes before the value.
 *
 * A record that is longer than the largest slot has one more word in its head, the place of its next part, and goes
 * on there: parts have a head of four words (length, the entry's id, what it is, the next part if there is one).
 */
import { classOf, MAX_SLOT_BYTES, SLOT_BYTES } from "./size-classes.js";

export const HEAD_BYTES = 12;
/** Of records in several slots, and of their parts. */
export const LINKED_HEAD_BYTES = 16;
export const NEXT_WORD = 3;
/** What an end takes: a power of two. */
export const END_BYTES = 16;
/** From the first word of an end. */
export const END_LINKS = 2;
export const PART_BYTES: number = MAX_SLOT_BYTES - LINKED_HEAD_BYTES;

export const VALUE_LENGTH_BITS = 23;
export const VALUE_LENGTH_MASK: number = 2 ** VALUE_LENGTH_BITS - 1;
export const VERSION_HIGH_MASK: number = 2 ** 21 - 1;
export const ENCODING_SHIFT = 21;
export const ENCODING_BITS = 7;
export const ENCODING_MASK: number = 2 ** ENCODING_BITS - 1;
const END_SHIFT = 28;
export const END_FLAG: number = 2 ** END_SHIFT;
/** From the flag to `END_BYTES`. */
const END_BYTES_SHIFT: number = END_SHIFT - Math.log2(END_BYTES);
export const HOLDS_SHIFT = 29;
/** Without any bytes, what is prefixed is nothing: it is known that there is no value. */
export const HOLDS = { value: 1, prefixed: 2, part: 3 } as const;
const HOLDS_MASK = 3;
export const PINNED_FLAG: number = 2 ** 31;
/** The rest of an encoding. */
export const PREFIX_BYTES = 2;

/** Bytes that a value takes, with what stands before it. */
export function storedLength(value: Uint8Array | undefined, encoding: number): number {
  if (value === undefined) return 0;
  return encoding > ENCODING_MASK ? value.length + PREFIX_BYTES : value.length;
}

/** Bytes of the end of a record with this word 2: 0 or `END_BYTES`. */
export function endBytes(flags: number): number {
  return (flags >>> END_BYTES_SHIFT) & END_BYTES;
}

/** Bytes between head and value: those of the key, and of the end if the entry has one. */
export function leadLength(keyLength: number, expiresAtMs: number): number {
  return expiresAtMs === Number.POSITIVE_INFINITY ? keyLength : keyLength + END_BYTES;
}

export function isInOneSlot(leadLength: number, valueLength: number): boolean {
  return HEAD_BYTES + leadLength + valueLength <= MAX_SLOT_BYTES;
}

/** As in word 0. */
export function keyLengthOf(head: number): number {
  return (head >>> VALUE_LENGTH_BITS) + 1;
}

/** As in word 0: with what stands before the value. */
export function valueLengthOf(head: number): number {
  return head & VALUE_LENGTH_MASK;
}

/** Whether a record with these words 0 and 2 is longer than a slot. */
export function isLinked(head: number, flags: number): boolean {
  return !isInOneSlot(keyLengthOf(head) + endBytes(flags), valueLengthOf(head));
}

/** Where the key of a record with these words 0 and 2 begins, in words. */
export function keyWord(head: number, flags: number): number {
  const headBytes = isLinked(head, flags) ? LINKED_HEAD_BYTES : HEAD_BYTES;
  return (headBytes + endBytes(flags)) / 4;
}

/** Which of `HOLDS` a slot with this word 2 is; 0: it is free. */
export function holdsOf(flags: number): number {
  return (flags >>> HOLDS_SHIFT) & HOLDS_MASK;
}

/** Bytes of what stands before the value in a record with these words 0 and 2. */
export function prefixLength(head: number, flags: number): number {
  return holdsOf(flags) === HOLDS.prefixed && valueLengthOf(head) > 0 ? PREFIX_BYTES : 0;
}

/** Bytes of the slots that a record takes. */
export function recordBytes(leadLength: number, valueLength: number): number {
  if (isInOneSlot(leadLength, valueLength)) {
    return SLOT_BYTES[headClass(leadLength, valueLength)] as number;
  }
  const rest = valueLength - headCapacity(leadLength);
  const last = rest % PART_BYTES;
  const lastBytes = last === 0 ? 0 : (SLOT_BYTES[classOf(LINKED_HEAD_BYTES + last)] as number);
  return MAX_SLOT_BYTES * (1 + Math.floor(rest / PART_BYTES)) + lastBytes;
}

/** Class of the slot that a record begins in. */
export function headClass(leadLength: number, valueLength: number): number {
  return classOf(Math.min(HEAD_BYTES + leadLength + valueLength, MAX_SLOT_BYTES));
}

/** Bytes of a value that the first slot of a linked record has room for. */
export function headCapacity(leadLength: number): number {
  return PART_BYTES - leadLength;
}
