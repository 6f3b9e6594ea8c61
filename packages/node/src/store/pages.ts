/**
 * The memory of a node's entries: pages of 64 KiB, handed out to stores and taken back.
 *
 * Pages lie in segments of 4 MiB outside the JS heap, so the garbage collector sees one object for 64
 * pages however many entries they hold. A segment comes into being when a page of it is needed and is
 * let go when all its pages are free. What a page is used for is its owner's matter (slots.ts); how many
 * there may be, the budget's (memory-budget.ts).
 *
 * Places are counted in units of 8 bytes from the start of the first page, so that one fits into 32 bits up
 * to 32 GiB. Place 0 belongs to nobody and means "nowhere".
 */

export const PAGE_BYTES = 65_536;
export const UNIT_BYTES = 8;

/** From a place to its page, and to its segment. */
export const PAGE_SHIFT = 13;
const SEGMENT_SHIFT = 19;
const SEGMENT_PAGES = 64;
const SEGMENT_BYTES = SEGMENT_PAGES * PAGE_BYTES;
const IN_SEGMENT_MASK = 2 ** SEGMENT_SHIFT - 1;

/** More than any place can be: see above. */
export const MAX_MEMORY_BYTES: number = 2 ** 32 * UNIT_BYTES;
const MAX_SEGMENTS: number = MAX_MEMORY_BYTES / SEGMENT_BYTES;

/** Segments without any page in use that are kept, against making and dropping one all the time. */
const SPARE_SEGMENTS = 1;

/** Pages for whose notes there is room at first: 256 MiB. */
const FIRST_NOTES = 4_096;

export class Pages {
  /** The same memory three times. Holes are segments that were let go. */
  readonly #bytes: Buffer[] = [];
  readonly #words: Uint32Array[] = [];
  /** Free pages by segment: a stack of numbers within it. */
  readonly #free: number[][] = [];
  /** Segments with a free page; each at most once. */
  readonly #withFree: number[] = [];
  /** Numbers of segments that were let go. */
  readonly #unmapped: number[] = [];
  /** By number of the page: what its user notes. */
  #notes = new Uint32Array(FIRST_NOTES);
  #wholeFree = 0;
  #inUse = 0;

  /** Pages handed out. */
  get inUse(): number {
    return this.#inUse;
  }

  /**
   * Hands out a page: the place of its first unit. Its bytes are what they were.
   *
   * @throws {RangeError} when there are as many as there are places for. Nothing has changed then.
   */
  take(): number {
    let segment = this.#withFree.at(-1);
    if (segment === undefined) {
      segment = this.#addSegment();
      this.#withFree.push(segment);
    }
    const free = this.#free[segment] as number[];
    if (free.length === SEGMENT_PAGES) this.#wholeFree -= 1;
    const page = free.pop() as number;
    if (free.length === 0) this.#withFree.pop();
    this.#inUse += 1;
    return (((segment * SEGMENT_PAGES + page) << PAGE_SHIFT) >>> 0) as number;
  }

  /** Takes a page back. */
  release(place: number): void {
    const number = place >>> PAGE_SHIFT;
    const segment = Math.floor(number / SEGMENT_PAGES);
    const free = this.#free[segment] as number[];
    free.push(number % SEGMENT_PAGES);
    this.#inUse -= 1;
    if (free.length === 1) this.#withFree.push(segment);
    if (!isWhole(segment, free)) return;
    this.#wholeFree += 1;
    if (this.#wholeFree > SPARE_SEGMENTS) this.#dropSegment(segment);
  }

  /** A number that the user of a page keeps with it, by any place in it. */
  note(place: number): number {
    return this.#notes[place >>> PAGE_SHIFT] as number;
  }

  setNote(place: number, note: number): void {
    this.#notes[place >>> PAGE_SHIFT] = note;
  }

  /** The bytes of the segment that a place is in; `byteOffset` says where in it. */
  bytesAt(place: number): Buffer {
    return this.#bytes[place >>> SEGMENT_SHIFT] as Buffer;
  }

  /** As `bytesAt`, in words of 32 bits; `wordOffset` says where. */
  wordsAt(place: number): Uint32Array {
    return this.#words[place >>> SEGMENT_SHIFT] as Uint32Array;
  }

  #addSegment(): number {
    const segment = this.#unmapped.pop() ?? this.#bytes.length;
    // The next place would be 0 again.
    if (segment === MAX_SEGMENTS) throw new RangeError("there are no places beyond 32 GiB");
    const memory = new ArrayBuffer(SEGMENT_BYTES);
    if ((segment + 1) * SEGMENT_PAGES > this.#notes.length) {
      const notes = new Uint32Array(2 * this.#notes.length);
      notes.set(this.#notes);
      this.#notes = notes;
    }
    this.#bytes[segment] = Buffer.from(memory);
    this.#words[segment] = new Uint32Array(memory);
    // Popped from the end, so the lowest page goes first. The very first one belongs to nobody.
    const lowest = segment === 0 ? 1 : 0;
    this.#free[segment] = Array.from(
      { length: SEGMENT_PAGES - lowest },
      (_, index) => SEGMENT_PAGES - 1 - index,
    );
    if (lowest === 0) this.#wholeFree += 1;
    return segment;
  }

  #dropSegment(segment: number): void {
    this.#bytes[segment] = NOTHING;
    this.#words[segment] = new Uint32Array(0);
    this.#free[segment] = [];
    this.#withFree.splice(this.#withFree.indexOf(segment), 1);
    this.#unmapped.push(segment);
    this.#wholeFree -= 1;
  }
}

const NOTHING = Buffer.alloc(0);

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
