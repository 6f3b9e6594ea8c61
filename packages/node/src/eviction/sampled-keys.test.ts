import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_ENTRY } from "./policy.js";
import { SampledKeys } from "./sampled-keys.js";

const seed = testSeed();

describe("SampledKeys", () => {
  it("gives a key the same id as long as it is held, and tells who holds it", () => {
    const keys = new SampledKeys({ held: 10, unheld: 2 });
    const id = keys.idOf(77);
    keys.setHolders(id, 0b101);
    expect(keys.idOf(77)).toBe(id);
    expect(keys.release(id, 0)).toBe(NO_ENTRY);
    expect(keys.holdersOf(id)).toBe(0b100);
    expect(keys.hashOf(id)).toBe(77);
  });

  it("keeps a key for a while when nobody holds it, and then gives its id away", () => {
    const keys = new SampledKeys({ held: 10, unheld: 2 });
    const ids = [1, 2, 3].map((hash) => {
      const id = keys.idOf(hash);
      keys.setHolders(id, 1);
      return id;
    });
    expect(ids.map((id) => keys.release(id, 0))).toEqual([NO_ENTRY, NO_ENTRY, ids[0]]);
    expect(keys.idOf(2)).toBe(ids[1]);
    expect(keys.idOf(4)).toBe(ids[0]);
  });

  it(`finds every key again, however they crowd (seed ${seed})`, () => {
    // Few different hashes, many of which have the same place in the table.
    const hash = fc.integer({ min: 0, max: 15 }).map((n) => (n % 4) + 64 * n);
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 200 }), (hashes) => {
        const keys = new SampledKeys({ held: 4, unheld: 2 });
        const held: number[] = [];
        const known = new Map<number, number>();
        for (const each of hashes) {
          const id = keys.idOf(each);
          expect(known.get(each) ?? id).toBe(id);
          known.set(each, id);
          if (held.includes(id)) continue;
          keys.setHolders(id, 1);
          held.push(id);
          if (held.length <= 4) continue;
          const forgotten = keys.release(held.shift() ?? NO_ENTRY, 0);
          if (forgotten !== NO_ENTRY) known.delete(keys.hashOf(forgotten));
        }
        for (const [each, id] of known) expect(keys.hashOf(id)).toBe(each);
        expect(new Set(known.values()).size).toBe(known.size);
      }),
      { seed, numRuns: 300 },
    );
  });
});
