import { describe, expect, it } from "vitest";
import { idealLruHitRatio } from "./ideal-lru.js";
import { seededRandom } from "./seeded-random.js";
import { drawZipf, ZIPF_DRIFT_EVERY, ZIPF_EXPONENT } from "./zipf.js";

const NEVER = Number.POSITIVE_INFINITY;

function countsOf(requests: Uint32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const id of requests) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

describe("lookups by Zipf's law", () => {
  it("are the same for the same seed, and others for another", () => {
    const draw = (seed: number) =>
      drawZipf(1_000, { objects: 50, exponent: 1.2, driftEvery: 10, random: seededRandom(seed) });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it("ask for the product of rank r in proportion to 1 / r^s", () => {
    const requests = drawZipf(200_000, {
      objects: 100,
      exponent: 1,
      driftEvery: NEVER,
      random: seededRandom(3),
    });
    const counts = [...countsOf(requests).values()].sort((a, b) => b - a);
    const [first = 0, second = 0, , fourth = 0] = counts;
    expect(first / second).toBeCloseTo(2, 0);
    expect(first / fourth).toBeCloseTo(4, 0);
    // The harmonic number H(100) is 5.187.
    expect(first / 200_000).toBeCloseTo(1 / 5.187, 2);
  });

  it("stay within the catalogue", () => {
    const options = { objects: 7, exponent: 1.25, driftEvery: 1, random: seededRandom(4) };
    expect(drawZipf(5_000, options).every((id) => id < 7)).toBe(true);
    expect(drawZipf(3, { ...options, objects: 1 })).toEqual(Uint32Array.of(0, 0, 0));
  });

  it("change their favourite over time when there is drift, and keep it when there is none", () => {
    const favourite = (requests: Uint32Array) =>
      [...countsOf(requests)].sort(([, a], [, b]) => b - a)[0]?.[0];
    const draw = (driftEvery: number) =>
      drawZipf(200_000, { objects: 1_000, exponent: 1.25, driftEvery, random: seededRandom(5) });
    const still = draw(NEVER);
    expect(favourite(still.subarray(0, 20_000))).toBe(favourite(still.subarray(180_000)));
    const drifting = draw(100);
    expect(favourite(drifting.subarray(0, 20_000))).not.toBe(favourite(drifting.subarray(180_000)));
  });

  it("let an ideal LRU of a tenth of the catalogue answer nine of ten, as the comment says", () => {
    const requests = drawZipf(300_000, {
      objects: 100_000,
      exponent: ZIPF_EXPONENT,
      driftEvery: ZIPF_DRIFT_EVERY,
      random: seededRandom(6),
    });
    expect(idealLruHitRatio(requests, 10_000)).toBeCloseTo(0.92, 2);
  });
});
