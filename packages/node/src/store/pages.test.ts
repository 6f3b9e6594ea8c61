import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  byteOffset,
  MAX_MEMORY_BYTES,
  PAGE_BYTES,
  PAGE_SHIFT,
  Pages,
  wordOffset,
} from "./pages.js";

const seed = testSeed();
const SEGMENT_PAGES = 512;
const SEGMENT_BYTES = SEGMENT_PAGES * PAGE_BYTES;
/** The first page of all belongs to nobody. */
const FIRST_SEGMENT_PAGES = SEGMENT_PAGES - 1;
const PAGE_WORDS = PAGE_BYTES / 4;

function take(pages: Pages, count: number): number[] {
  return Array.from({ length: count }, () => pages.take());
}

function fillPage(pages: Pages, place: number, word: number): void {
  const start = wordOffset(place);
  pages.wordsAt(place).fill(word, start, start + PAGE_WORDS);
}

/** The number that fills a page; `undefined` when it is not the same everywhere. */
function filling(pages: Pages, place: number): number | undefined {
  const start = wordOffset(place);
  const words = pages.wordsAt(place).subarray(start, start + PAGE_WORDS);
  return words.every((word) => word === words[0]) ? words[0] : undefined;
}

/** Pages in four segments, all taken: those of each segment. */
function fourSegments(pages: Pages): [number[], number[], number[], number[]] {
  return [
    take(pages, FIRST_SEGMENT_PAGES),
    take(pages, SEGMENT_PAGES),
    take(pages, SEGMENT_PAGES),
    take(pages, SEGMENT_PAGES),
  ];
}

function releaseAll(pages: Pages, places: readonly number[]): void {
  for (const place of places) pages.release(place);
}

/** Segments without memory, so that a test can have as many as there are places for. */
class NoMemory extends ArrayBuffer {
  constructor() {
    super(8);
  }
}

describe("Pages", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("hands out places of 32 bits up to 32 GiB, and then refuses", () => {
    vi.stubGlobal("ArrayBuffer", NoMemory);
    const pages = new Pages();
    const most = MAX_MEMORY_BYTES / PAGE_BYTES - 1;
    const places = new Uint32Array(take(pages, most));
    expect(
      places.toSorted().findIndex((place, index) => place !== (index + 1) * 2 ** PAGE_SHIFT),
    ).toBe(-1);
    expect(() => pages.take()).toThrow(RangeError);
    expect(pages.inUse).toBe(most);
    pages.release(places[most - 1] as number);
    expect(pages.take()).toBe(places[most - 1]);
  });

  it("hands out every page once, each at its own place, and place 0 never", () => {
    const pages = new Pages();
    const places = take(pages, 300);
    expect(new Set(places).size).toBe(300);
    expect(places).not.toContain(0);
    expect(places.filter((place) => place % 2 ** PAGE_SHIFT !== 0)).toEqual([]);
    expect(pages.inUse).toBe(300);
  });

  it("hands out the lowest page of its first segment first", () => {
    expect(take(new Pages(), 2)).toEqual([2 ** PAGE_SHIFT, 2 * 2 ** PAGE_SHIFT]);
  });

  it("shows the same memory as bytes and as words", () => {
    const pages = new Pages();
    const place = take(pages, 100).at(-1) as number;
    pages.wordsAt(place)[wordOffset(place + 5)] = 0x01020304;
    const at = byteOffset(place + 5);
    expect(pages.bytesAt(place).readUInt32LE(at)).toBe(0x01020304);
    expect(at % SEGMENT_BYTES).toBe(at);
  });

  it("hands a page out again after it was taken back", () => {
    const pages = new Pages();
    const places = take(pages, FIRST_SEGMENT_PAGES);
    pages.release(places[7] as number);
    expect(pages.inUse).toBe(FIRST_SEGMENT_PAGES - 1);
    expect(pages.take()).toBe(places[7]);
    expect(pages.inUse).toBe(FIRST_SEGMENT_PAGES);
  });

  it("keeps one free segment as a spare, and lets go of the others", () => {
    const pages = new Pages();
    const segments = fourSegments(pages);
    const lengths = () => segments.map(([place]) => pages.bytesAt(place as number).length);
    releaseAll(pages, segments[1]);
    expect(lengths()).toEqual([SEGMENT_BYTES, SEGMENT_BYTES, SEGMENT_BYTES, SEGMENT_BYTES]);
    releaseAll(pages, segments[3]);
    releaseAll(pages, segments[2]);
    expect(lengths()).toEqual([SEGMENT_BYTES, SEGMENT_BYTES, 0, 0]);
    expect(segments.map(([place]) => pages.wordsAt(place as number).length * 4)).toEqual(lengths());
    expect(pages.inUse).toBe(FIRST_SEGMENT_PAGES);
  });

  it("keeps the first segment, of which a page is never free", () => {
    const pages = new Pages();
    const segments = fourSegments(pages);
    for (const segment of segments.toReversed()) releaseAll(pages, segment);
    expect(pages.inUse).toBe(0);
    expect(pages.bytesAt(0).length).toBe(SEGMENT_BYTES);
  });

  it("uses the spare before it makes a segment anew, at a place where there was one", () => {
    const pages = new Pages();
    const segments = fourSegments(pages);
    const spare = pages.bytesAt(segments[1][0] as number);
    for (const segment of segments.slice(1)) releaseAll(pages, segment);
    const again = take(pages, SEGMENT_PAGES);
    expect(again.toSorted()).toEqual(segments[1].toSorted());
    expect(pages.bytesAt(again[0] as number)).toBe(spare);
    const anew = take(pages, 2 * SEGMENT_PAGES);
    expect(anew.toSorted()).toEqual([...segments[2], ...segments[3]].toSorted());
    expect(anew.map((place) => filling(pages, place))).toEqual(anew.map(() => 0));
  });

  it("counts as idle what takes room and nobody has", () => {
    const pages = new Pages();
    const segments = fourSegments(pages);
    expect(pages.idle).toBe(0);
    releaseAll(pages, segments[1].slice(0, 10));
    releaseAll(pages, segments[2].slice(0, 20));
    expect(pages.idle).toBe(30);
    pages.take();
    expect(pages.idle).toBe(29);
    releaseAll(pages, segments[3]);
    // The spare, too, until it is asked for.
    expect(pages.idle).toBe(29 + SEGMENT_PAGES);
    pages.trim();
    expect(pages.idle).toBe(29);
    expect(pages.bytesAt(segments[3][0] as number).length).toBe(0);
  });

  it("lets a segment go whose sparsest pages are moved elsewhere, one after the other", () => {
    const pages = new Pages();
    const segments = fourSegments(pages);
    releaseAll(pages, segments[0].slice(0, 200));
    releaseAll(pages, segments[1].slice(0, 100));
    releaseAll(pages, segments[2].slice(0, 300));
    const kept = new Set(segments[2].slice(300));
    for (let left = kept.size; left > 0; left--) {
      const page = pages.sparsestPage() as number;
      expect(kept.delete(page)).toBe(true);
      expect(segments[2]).not.toContain(pages.take());
      pages.release(page);
    }
    pages.trim();
    expect(pages.bytesAt(segments[2][0] as number).length).toBe(0);
    expect(pages.idle).toBe(300 - (SEGMENT_PAGES - 300));
    // The rest of another segment would not fit elsewhere.
    expect(pages.sparsestPage()).toBeUndefined();
  });

  it("moves nothing to and fro between segments that are equally empty", () => {
    const pages = new Pages();
    const segments = fourSegments(pages);
    for (const segment of segments.slice(1)) releaseAll(pages, segment.slice(0, 300));
    const page = pages.sparsestPage() as number;
    const emptied = segments.find((segment) => segment.includes(page));
    expect(emptied).not.toContain(pages.take());
  });

  it(`never hands out a page that is in use, nor lets go of its bytes (seed ${seed})`, () => {
    const step = fc.record({ at: fc.constantFrom("take", "release"), count: fc.nat({ max: 150 }) });
    const steps = fc.array(step, { maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (sequence, choices) => {
        const pages = new Pages();
        const used: number[] = [];
        let mostUsed = 0;
        const check = (place: number) => expect(filling(pages, place)).toBe(place);
        for (const { at, count } of sequence) {
          for (let left = at === "take" ? count : Math.min(count, used.length); left > 0; left--) {
            if (at === "take") {
              const place = pages.take();
              fillPage(pages, place, place);
              used.push(place);
            } else {
              const [place] = used.splice(choices.next().value % used.length, 1) as [number];
              check(place);
              pages.release(place);
            }
          }
          expect(pages.inUse).toBe(used.length);
          mostUsed = Math.max(mostUsed, used.length);
          // None was let go yet, and what was used before is used first.
          if (mostUsed < FIRST_SEGMENT_PAGES) expect(pages.idle).toBe(mostUsed - used.length);
        }
        expect(new Set(used).size).toBe(used.length);
        for (const place of used) check(place);
      }),
      { seed, numRuns: 8 },
    );
  });
});
