import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "./histogram.js";

function of(...durations: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const durationMs of durations) histogram.record(durationMs);
  return histogram;
}

describe("A histogram of latencies", () => {
  it("has nothing to say of nothing", () => {
    expect(of().snapshot()).toEqual({
      count: 0,
      p50Ms: 0,
      p90Ms: 0,
      p99Ms: 0,
      p999Ms: 0,
      buckets: [],
    });
  });

  it("counts a time in a bucket whose bound is above it, by no more than a quarter", () => {
    const longestMs = 30 * 60_000;
    fc.assert(
      fc.property(fc.double({ min: 0.004, max: longestMs, noNaN: true }), (durationMs) => {
        const [bucket] = of(durationMs).snapshot().buckets;
        expect(bucket?.count).toBe(1);
        expect(bucket?.upToMs).toBeGreaterThan(durationMs);
        // Parts of a microsecond are cut off first.
        expect(bucket?.upToMs).toBeLessThanOrEqual(durationMs * 1.25 + 0.001_001);
      }),
    );
  });

  it("tells quantiles as bounds of buckets", () => {
    const durations = Array.from({ length: 1_000 }, (_, index) => (index < 900 ? 1 : 100));
    const { count, p50Ms, p90Ms, p99Ms, p999Ms } = of(...durations).snapshot();
    expect(count).toBe(1_000);
    expect([p50Ms, p90Ms]).toEqual([1.024, 1.024]);
    expect(p99Ms).toBeGreaterThan(100);
    expect(p999Ms).toBeLessThan(125);
  });

  it("takes times that no operation should have", () => {
    const { count, buckets } = of(-1, 0, Number.MAX_VALUE, Number.POSITIVE_INFINITY).snapshot();
    expect(count).toBe(4);
    expect(buckets.map(({ count: inBucket }) => inBucket)).toEqual([2, 2]);
  });
});
