import { seededRandom, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteOffset, PAGE_SHIFT, Pages, wordOffset } from "./pages.js";
import { classOf, SLOT_BYTES, SLOTS_PER_PAGE } from "./size-classes.js";
import { Slots, USE_WORD } from "./slots.js";

const seed = testSeed();
/** From 4,096 slots in a page to 16. */
const TESTED_CLASSES: readonly number[] = [16, 72, 300, 1_000, 4_096].map(classOf);

interface UsedSlot {
  readonly sizeClass: number;
  /** What all its words are; never 0. */
  readonly stamp: number;
}

/** Slots, and what is known of those in use. Everything that is seen is compared with that. */
class CheckedSlots {
  readonly pages: Pages;
  readonly slots: Slots;
  readonly used = new Map<number, UsedSlot>();

  constructor(pages: Pages) {
    this.pages = pages;
    this.slots = new Slots(pages);
  }

  allocate(sizeClass: number, stamp: number): number {
    const place = this.slots.allocate(sizeClass);
    expect(this.used.has(place)).toBe(false);
    expect(this.slots.classAt(place)).toBe(sizeClass);
    this.used.set(place, { sizeClass, stamp });
    this.#words(place, sizeClass).fill(stamp);
    return place;
  }

  release(place: number): void {
    this.#checkStamp(place);
    this.used.delete(place);
    this.slots.release(place);
  }

  compact(): boolean {
    const pagesBefore = this.slots.pageCount;
    const found = this.slots.compact(this.#mover());
    expect(this.slots.pageCount).toBe(pagesBefore - Number(found));
    return found;
  }

  /** Empties the page that a slot is in. */
  vacate(place: number): void {
    const page = (place >>> PAGE_SHIFT) * 2 ** PAGE_SHIFT;
    const pagesBefore = this.pages.inUse;
    this.slots.vacate(page, this.#mover());
    expect(
      [...this.used.keys()].filter((each) => each >>> PAGE_SHIFT === page >>> PAGE_SHIFT),
    ).toEqual([]);
    expect(this.slots.hasPage(page)).toBe(false);
    expect(this.pages.inUse).toBeLessThanOrEqual(pagesBefore);
  }

  #mover() {
    const before = new Map(this.used);
    return (from: number, to: number) => {
      const slot = before.get(from) as UsedSlot;
      expect(slot).toBeDefined();
      before.delete(from);
      expect(this.used.has(to)).toBe(false);
      expect(this.slots.classAt(to)).toBe(slot.sizeClass);
      const start = byteOffset(from);
      const end = start + (SLOT_BYTES[slot.sizeClass] as number);
      this.pages.bytesAt(from).copy(this.pages.bytesAt(to), byteOffset(to), start, end);
      this.used.delete(from);
      this.used.set(to, slot);
    };
  }

  check(): void {
    for (const place of this.used.keys()) this.#checkStamp(place);
    const numbers = new Set([...this.used.keys()].map((place) => place >>> PAGE_SHIFT));
    expect(this.slots.pageCount).toBe(numbers.size);
    for (const sizeClass of TESTED_CLASSES) {
      const room = this.pagesOf(sizeClass) * (SLOTS_PER_PAGE[sizeClass] as number);
      expect(this.slots.freeSlots(sizeClass)).toBe(room - this.placesOf(sizeClass).length);
    }
  }

  placesOf(sizeClass: number): number[] {
    return [...this.used].filter(([, slot]) => slot.sizeClass === sizeClass).map(([at]) => at);
  }

  /** Pages in which a slot of the class is used. */
  pagesOf(sizeClass: number): number {
    return new Set(this.placesOf(sizeClass).map((place) => place >>> PAGE_SHIFT)).size;
  }

  #checkStamp(place: number): void {
    const { sizeClass, stamp } = this.used.get(place) as UsedSlot;
    expect(this.#words(place, sizeClass).every((word) => word === stamp)).toBe(true);
  }

  #words(place: number, sizeClass: number): Uint32Array {
    const start = wordOffset(place);
    const words = (SLOT_BYTES[sizeClass] as number) / 4;
    return this.pages.wordsAt(place).subarray(start, start + words);
  }
}

const steps = fc.array(
  fc.record({
    at: fc.constantFrom("allocate", "allocate", "release", "compact", "vacate"),
    sizeClass: fc.constantFrom(...TESTED_CLASSES),
    count: fc.nat({ max: 120 }),
    /** Whose turn it is. */
    owner: fc.nat({ max: 1 }),
    choice: fc.nat(),
  }),
  { maxLength: 60 },
);

describe("Slots", () => {
  it(`keeps what is used of two owners apart, and gives back empty pages (seed ${seed})`, () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const pages = new Pages();
        const owners = [new CheckedSlots(pages), new CheckedSlots(pages)];
        let stamp = 1;
        for (const { at, sizeClass, count, owner, choice } of sequence) {
          const slots = owners[owner] as CheckedSlots;
          const random = seededRandom(choice);
          if (at === "compact") slots.compact();
          else if (at === "vacate") {
            const places = [...slots.used.keys()];
            if (places.length > 0) slots.vacate(places[choice % places.length] as number);
          } else if (at === "allocate") {
            for (let left = count; left > 0; left--) slots.allocate(sizeClass, stamp++);
          } else {
            const places = slots.placesOf(sizeClass);
            for (let left = Math.min(count, places.length); left > 0; left--) {
              const [place] = places.splice(Math.floor(random.next() * places.length), 1);
              slots.release(place as number);
            }
          }
        }
        for (const slots of owners) slots.check();
        const pageCounts = owners.map(({ slots }) => slots.pageCount);
        expect(pages.inUse).toBe(pageCounts.reduce((sum, count) => sum + count));
        for (const slots of owners) for (const place of slots.used.keys()) slots.release(place);
        expect(pages.inUse).toBe(0);
      }),
      { seed, numRuns: 15 },
    );
  });

  it("needs no page more than its records fill, once nothing is left to compact", () => {
    const random = seededRandom(seed);
    const slots = new CheckedSlots(new Pages());
    for (let stamp = 1; stamp <= 20_000; stamp++) {
      const sizeClass = TESTED_CLASSES[stamp % TESTED_CLASSES.length] as number;
      slots.allocate(sizeClass, stamp);
    }
    for (const place of slots.used.keys()) if (random.next() < 0.8) slots.release(place);
    const before = slots.slots.pageCount;
    while (slots.compact());
    slots.check();
    expect(slots.slots.pageCount).toBeLessThan(before);
    for (const sizeClass of TESTED_CLASSES) {
      const used = slots.placesOf(sizeClass).length;
      const least = Math.ceil(used / (SLOTS_PER_PAGE[sizeClass] as number));
      expect(slots.pagesOf(sizeClass)).toBe(least);
    }
  });

  it("moves nothing from slots that were not handed out, whatever is in them", () => {
    const pages = new Pages();
    // Leaves pages whose words are all 1, as if every slot of any size were used.
    const places = [1, 2].map(() => pages.take());
    for (const place of places) pages.wordsAt(place).fill(1);
    for (const place of places) pages.release(place);
    const slots = new CheckedSlots(pages);
    const sizeClass = classOf(4_096);
    const perPage = SLOTS_PER_PAGE[sizeClass] as number;
    const used = Array.from({ length: perPage + 3 }, () => slots.allocate(sizeClass, 7));
    for (const place of used.slice(0, 4)) slots.release(place);
    expect(slots.compact()).toBe(true);
    expect(slots.used.size).toBe(perPage - 1);
    slots.check();
  });

  it("empties the page with the least in it", () => {
    const slots = new CheckedSlots(new Pages());
    const sizeClass = classOf(4_096);
    const perPage = SLOTS_PER_PAGE[sizeClass] as number;
    const places = Array.from({ length: 4 * perPage }, () => slots.allocate(sizeClass, 7));
    [1, 6, perPage - 2, 7].forEach((free, page) => {
      for (const place of places.slice(page * perPage, page * perPage + free)) slots.release(place);
    });
    const moved: number[] = [];
    expect(slots.slots.compact((from) => moved.push(from))).toBe(true);
    expect(moved).toEqual(places.slice(3 * perPage - 2, 3 * perPage));
  });

  it("makes one page of two that are half full, and leaves alone what fills more than one", () => {
    const slots = new CheckedSlots(new Pages());
    const sizeClass = classOf(4_096);
    const perPage = SLOTS_PER_PAGE[sizeClass] as number;
    const places = Array.from({ length: 2 * perPage }, () => slots.allocate(sizeClass, 7));
    for (const place of places.slice(1, perPage / 2)) slots.release(place);
    for (const place of places.slice(-perPage / 2)) slots.release(place);
    expect(slots.compact()).toBe(false);
    slots.release(places[0] as number);
    expect(slots.compact()).toBe(true);
    slots.check();
    expect(slots.slots.freeSlots(sizeClass)).toBe(0);
  });

  it("marks a slot that was given back as free", () => {
    const pages = new Pages();
    const slots = new CheckedSlots(pages);
    const [first] = [slots.allocate(0, 1), slots.allocate(0, 2)] as const;
    slots.release(first);
    expect(pages.wordsAt(first)[wordOffset(first) + USE_WORD]).toBe(0);
    expect(slots.allocate(0, 3)).toBe(first);
  });

  it("gives every page back when it is cleared, and begins anew", () => {
    const pages = new Pages();
    const slots = new Slots(pages);
    for (const sizeClass of TESTED_CLASSES) {
      for (let count = 0; count < 40; count++) slots.allocate(sizeClass);
    }
    slots.clear();
    expect([pages.inUse, slots.pageCount]).toEqual([0, 0]);
    expect(TESTED_CLASSES.map((sizeClass) => slots.freeSlots(sizeClass))).toEqual([0, 0, 0, 0, 0]);
    slots.allocate(classOf(300));
    expect([pages.inUse, slots.pageCount]).toEqual([1, 1]);
  });
});
