import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.js";
import { seededRandom, testSeed } from "./testing.js";

const seed = testSeed();
const always = (value: number) => ({ next: () => value });

describe("backoffMs", () => {
  it("doubles its bound with every attempt until the highest", () => {
    const options = { baseMs: 100, maxMs: 1_000 };
    const waits = [0, 1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, options, always(0)));
    expect(waits).toEqual([50, 100, 200, 400, 500, 500]);
  });

  it("stays at the highest bound after very many attempts", () => {
    expect(backoffMs(1e9, { baseMs: 1, maxMs: 30_000 }, always(0.5))).toBe(22_500);
  });

  it(`lies between half its bound and the bound (seed ${seed})`, () => {
    const random = seededRandom(seed);
    fc.assert(
      fc.property(fc.nat(100), fc.integer({ min: 1, max: 1e4 }), (attempt, baseMs) => {
        const bound = Math.min(20_000, baseMs * 2 ** Math.min(attempt, 30));
        const waitMs = backoffMs(attempt, { baseMs, maxMs: 20_000 }, random);
        expect(waitMs).toBeGreaterThanOrEqual(bound / 2);
        expect(waitMs).toBeLessThan(bound);
      }),
      { seed },
    );
  });
});
