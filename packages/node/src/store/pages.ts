/**
 * The memory of a node's entries: pages of 64 KiB, handed out to stores and taken back.
 *
 * Pages lie in segments of 32 MiB outside the JS heap, so the garbage collector sees one object for 512
 * pages however many entries they hold. A segment comes into being when a page of it is needed and is
 * let go when all its pages are free. Until then the system does not have them back: whoever counts real memory
 * counts those that are idle, too, and may have a segment emptied (`sparsestPage`). What a page is used for is
 * its owner's matter (slots.ts); how many there may be, the budget's (memory-budget.ts).
 *
 * Places are counted in units of 8 bytes from the start of the first page, so that one fits into 32 bits up
 * to 32 GiB.
 */

import { MAPPED_BYTES, mapMemory } from "../memory/mapped.js";

export const PAGE_BYTES = 65_536;
export const UNIT_BYTES = 8;

/** The place that belongs to nobody. */
export const NOWHERE = 0;

/** From a place to its page, and to its segment. */
export const PAGE_SHIFT = 13;
const SEGMENT_SHIFT = 22;
const SEGMENT_PAGES: number = MAPPED_BYTES / PAGE_BYTES;
const IN_SEGMENT_MASK = 2 ** SEGMENT_SHIFT - 1;

/** More than any place can be: see above. */
export const MAX_MEMORY_BYTES: number = 2 ** 32 * UNIT_BYTES;
const MAX_SEGMENTS: number = MAX_MEMORY_BYTES / MAPPED_BYTES;

/** Segments without any page in use that are kept, against making and dropping one all the time. */
const SPARE_SEGMENTS = 1;

/** Pages for whose notes there is room at first: 256 MiB. */
const FIRST_NOTES = 4_096;

/** The note of a page that is not handed out. */
const FREE: number = 2 ** 32 - 1;

export class Pages {
  /** The same memory four times. Holes are segments that were let go. */
  readonly #memory: ArrayBuffer[] = [];
  readonly #bytes: Buffer[] = [];
  readonly #words: Uint32Array[] = [];
  readonly #views: DataView[] = [];
  /** Free pages by segment: a stack of numbers within it, those that were never handed out at its bottom. */
  readonly #free: number[][] = [];
  /** By segment: how many of its pages were never handed out. */
  readonly #untouched: number[] = [];
  /** Segments with a free page; each at most once. */
  readonly #withFree: number[] = [];
  /** Numbers of segments that were let go. */
  readonly #unmapped: number[] = [];
  /** By number of the page: what its user notes. */
  #notes = new Uint32Array(FIRST_NOTES).fill(FREE);
  #wholeFree = 0;
  #inUse = 0;
  #idle = 0;

  /** Pages handed out. */
  get inUse(): number {
    return this.#inUse;
  }

  /** Pages that take room although nobody has them: they were handed out before. */
  get idle(): number {
    return this.#idle;
  }

  /**
   * Hands out a page: the place of its first unit. Its bytes are what they were.
   *
   * @throws {RangeError} when there are as many as there are places for. Nothing has changed then.
   */
  take(): number {
    const segment = this.#fullestWithFree() ?? this.#addSegment();
    const free = this.#freeIn(segment);
    if (isWhole(segment, free)) this.#wholeFree -= 1;
    if (free.length === this.#untouched[segment]) this.#untouched[segment] = free.length - 1;
    else this.#idle -= 1;
    const number = segment * SEGMENT_PAGES + (free.pop() as number);
    if (free.length === 0) this.#withFree.splice(this.#withFree.indexOf(segment), 1);
    this.#inUse += 1;
    this.#notes[number] = 0;
    return (number << PAGE_SHIFT) >>> 0;
  }

  /** Takes a page back. */
  release(place: number): void {
    const number = place >>> PAGE_SHIFT;
    const segment = Math.floor(number / SEGMENT_PAGES);
    const free = this.#freeIn(segment);
    free.push(number % SEGMENT_PAGES);
    this.#notes[number] = FREE;
    this.#inUse -= 1;
    this.#idle += 1;
    if (free.length === 1) this.#withFree.push(segment);
    if (!isWhole(segment, free)) return;
    this.#wholeFree += 1;
    if (this.#wholeFree > SPARE_SEGMENTS) this.#dropSegment(segment);
  }

  /** Lets go of all segments without a page in use. */
  trim(): void {
    for (const segment of [...this.#withFree]) {
      if (isWhole(segment, this.#freeIn(segment))) this.#dropSegment(segment);
    }
  }

  /**
   * A page in use of the segment that would be let go soonest if such pages were moved elsewhere, one after
   * the other; `undefined` while there is no room for them elsewhere.
   */
  sparsestPage(): number | undefined {
    const segment = this.#emptiest();
    if (segment === undefined) return undefined;
    const first = segment * SEGMENT_PAGES;
    const inUse = this.#notes
      .subarray(first, first + SEGMENT_PAGES)
      .findIndex((note) => note !== FREE);
    return ((first + inUse) << PAGE_SHIFT) >>> 0;
  }

  /** A number below 2^32 - 1 that the user of a page keeps with it, by any place in it. At first 0. */
  note(place: number): number {
    return this.#notes[place >>> PAGE_SHIFT] as number;
  }

  setNote(place: number, note: number): void {
    this.#notes[place >>> PAGE_SHIFT] = note;
  }

  /** Reads from a place. Returns what it read. */
  touch(place: number): number {
    return this.wordsAt(place)[wordOffset(place)] as number;
  }

  /** The segment that a place is in; `byteOffset` says where in it. */
  memoryAt(place: number): ArrayBuffer {
    return this.#memory[place >>> SEGMENT_SHIFT] as ArrayBuffer;
  }

  /** Its bytes. */
  bytesAt(place: number): Buffer {
    return this.#bytes[place >>> SEGMENT_SHIFT] as Buffer;
  }

  /** As `bytesAt`, for what is not at the beginning of a word. */
  viewAt(place: number): DataView {
    return this.#views[place >>> SEGMENT_SHIFT] as DataView;
  }

  /** As `bytesAt`, in words of 32 bits; `wordOffset` says where. */
  wordsAt(place: number): Uint32Array {
    return this.#words[place >>> SEGMENT_SHIFT] as Uint32Array;
  }

  #freeIn(segment: number): number[] {
    return this.#free[segment] as number[];
  }

  /** So that the others become empty. */
  #fullestWithFree(): number | undefined {
    let fullest: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const segment of this.#withFree) {
      const free = this.#freeIn(segment).length;
      // Of several the last, whereas the first of several is emptied.
      if (free > least) continue;
      least = free;
      fullest = segment;
    }
    return fullest;
  }

  /** The segment with the fewest pages in use, if they have room elsewhere. */
  #emptiest(): number | undefined {
    let emptiest: number | undefined;
    let most = 0;
    for (const segment of this.#withFree) {
      const free = this.#freeIn(segment).length;
      if (segment === 0 || free <= most) continue;
      most = free;
      emptiest = segment;
    }
    if (emptiest === undefined) return undefined;
    const inUse = SEGMENT_PAGES - most;
    const idleElsewhere = this.#idle - most + (this.#untouched[emptiest] as number);
    return inUse > 0 && inUse <= idleElsewhere ? emptiest : undefined;
  }

  #addSegment(): number {
    const segment = this.#unmapped.pop() ?? this.#bytes.length;
    // The next place would be 0 again.
    if (segment === MAX_SEGMENTS) throw new RangeError("there are no places beyond 32 GiB");
    const memory = mapMemory(MAPPED_BYTES);
    if ((segment + 1) * SEGMENT_PAGES > this.#notes.length) {
      const notes = new Uint32Array(2 * this.#notes.length).fill(FREE, this.#notes.length);
      notes.set(this.#notes);
      this.#notes = notes;
    }
    this.#memory[segment] = memory;
    this.#bytes[segment] = Buffer.from(memory);
    this.#words[segment] = new Uint32Array(memory);
    this.#views[segment] = new DataView(memory);
    // Popped from the end, so the lowest page goes first. The very first one belongs to nobody.
    const lowest = segment === 0 ? 1 : 0;
    this.#free[segment] = Array.from(
      { length: SEGMENT_PAGES - lowest },
      (_, index) => SEGMENT_PAGES - 1 - index,
    );
    this.#untouched[segment] = SEGMENT_PAGES - lowest;
    if (lowest === 0) this.#wholeFree += 1;
    this.#withFree.push(segment);
    return segment;
  }

  #dropSegment(segment: number): void {
    this.#memory[segment] = NOTHING.buffer;
    this.#bytes[segment] = NOTHING;
    this.#words[segment] = new Uint32Array(0);
    this.#views[segment] = new DataView(NOTHING.buffer);
    this.#idle -= SEGMENT_PAGES - (this.#untouched[segment] as number);
    this.#free[segment] = [];
    this.#withFree.splice(this.#withFree.indexOf(segment), 1);
    this.#unmapped.push(segment);
    this.#wholeFree -= 1;
  }
}

const NOTHING = Buffer.from(new ArrayBuffer(0));

/** The first segment never is, because of its page that belongs to nobody: it is kept for good. */
function isWhole(segment: number, free: readonly number[]): boolean {
  return segment !== 0 && free.length === SEGMENT_PAGES;
}

export function byteOffset(place: number): number {
  return (place & IN_SEGMENT_MASK) * UNIT_BYTES;
}

export function wordOffset(place: number): number {
  return (place & IN_SEGMENT_MASK) * 2;
}
