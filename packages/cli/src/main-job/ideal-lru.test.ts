import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idealLruHitRatio } from "./ideal-lru.js";

/** The same by the book: a list with the latest last. */
function naiveHits(requests: readonly number[], capacity: number): number {
  const cached: number[] = [];
  let hits = 0;
  for (const id of requests) {
    const at = cached.indexOf(id);
    if (at >= 0) {
      hits++;
      cached.splice(at, 1);
    } else if (cached.length === capacity) cached.shift();
    if (capacity > 0) cached.push(id);
  }
  return hits;
}

describe("the ideal LRU", () => {
  it("answers what it has seen lately", () => {
    // With room for two: miss 1, miss 2, hit 1, miss 3 (2 goes), hit 1, miss 2.
    expect(idealLruHitRatio(Uint32Array.of(1, 2, 1, 3, 1, 2), 2)).toBe(2 / 6);
  });

  it("answers nothing without requests or without room", () => {
    expect(idealLruHitRatio(new Uint32Array(), 10)).toBe(0);
    expect(idealLruHitRatio(Uint32Array.of(1, 1, 1), 0)).toBe(0);
  });

  const seed = testSeed();
  it(`agrees with the plain definition on any sequence (seed ${seed})`, () => {
    const sequences = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(sequences, fc.nat({ max: 14 }), (ids, capacity) => {
        const ratio = idealLruHitRatio(Uint32Array.from(ids), capacity);
        expect(Math.round(ratio * ids.length)).toBe(naiveHits(ids, capacity));
      }),
      { seed },
    );
  });
});
