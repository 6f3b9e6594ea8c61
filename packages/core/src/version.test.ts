import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testSeed } from "./testing.js";
import {
  ABSENT_VERSION,
  MAX_SEQUENCE,
  MAX_TERM,
  makeVersion,
  sequenceOf,
  termOf,
  UNVERSIONED_ROW,
} from "./version.js";

const seed = testSeed();
const terms = fc.integer({ min: 1, max: MAX_TERM - 1 });
const sequences = fc.integer({ min: 0, max: MAX_SEQUENCE });

describe("versions", () => {
  it("are safe integers up to the last sequence of the last term", () => {
    expect(Number.isSafeInteger(makeVersion(MAX_TERM - 1, MAX_SEQUENCE))).toBe(true);
    expect(Number.isSafeInteger(makeVersion(MAX_TERM, MAX_SEQUENCE) + 1)).toBe(false);
  });

  it(`give their term and sequence back (seed ${seed})`, () => {
    fc.assert(
      fc.property(terms, sequences, (term, sequence) => {
        const version = makeVersion(term, sequence);
        expect([termOf(version), sequenceOf(version)]).toEqual([term, sequence]);
      }),
      { seed },
    );
  });

  it(`order by term first, then by sequence (seed ${seed})`, () => {
    fc.assert(
      fc.property(terms, sequences, terms, sequences, (termA, a, termB, b) => {
        const byParts = termA === termB ? Math.sign(a - b) : Math.sign(termA - termB);
        expect(Math.sign(makeVersion(termA, a) - makeVersion(termB, b))).toBe(byParts);
      }),
      { seed },
    );
  });

  it("of absent and unversioned rows lie below every version of a term", () => {
    expect(ABSENT_VERSION).toBeLessThan(UNVERSIONED_ROW);
    expect(UNVERSIONED_ROW).toBeLessThan(makeVersion(1, 0));
    expect(termOf(UNVERSIONED_ROW)).toBe(0);
  });
});
