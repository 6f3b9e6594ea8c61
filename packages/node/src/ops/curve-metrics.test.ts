import { hash32 } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { MissRatioCurve } from "../curve/miss-ratio-curve.js";
import { createCacheFixture } from "../testing/cache-fixture.js";
import { addCurves } from "./curve-metrics.js";
import { curveFigures } from "./node-stats.js";

const KEYS = 200;

/** Each key is missed once and read three times more. */
function use(curve: MissRatioCurve): void {
  const entry = { costBytes: 1_000, expiresAtMs: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 4; round++) {
    for (let key = 0; key < KEYS; key++) {
      const keyHash = hash32(Buffer.from(`k${key}`), 0) | 0;
      if (round > 0) curve.hit(keyHash, entry);
      else curve.miss(keyHash);
      curve.kept(keyHash, entry);
    }
  }
}

describe("The curves as others see them", () => {
  it("have a point for each multiple of the memory that may be used", () => {
    const boundBytes = KEYS * 600;
    const curve = new MissRatioCurve({ boundBytes: () => boundBytes, clock: new FakeClock(0) });
    expect(curveFigures(curve, boundBytes)).toBeUndefined();
    use(curve);
    expect(curveFigures(curve, boundBytes)).toEqual({
      reads: 4 * KEYS,
      observedHitRatio: 0.75,
      points: [
        { multiple: 0.25, bytes: 30_000, hitRatio: 0 },
        { multiple: 0.5, bytes: 60_000, hitRatio: 0 },
        { multiple: 1, bytes: 120_000, hitRatio: 0 },
        { multiple: 2, bytes: 240_000, hitRatio: 0.75 },
        { multiple: 4, bytes: 480_000, hitRatio: 0.75 },
      ],
    });
  });

  it("are metrics with a label for the multiple, once there is something to say", async () => {
    const registry = new Registry();
    const { cache } = createCacheFixture("cache-aside", { maxBytes: KEYS * 600 });
    const memoryBudgetBytes = 2 ** 20;
    const clock = new FakeClock(0);
    const curve = new MissRatioCurve({ boundBytes: () => memoryBudgetBytes, clock });
    addCurves(registry, { caches: () => [cache], curve, memoryBudgetBytes });
    expect(await registry.metrics()).not.toMatch(/^holdfast/m);
    use(cache.curve);
    use(curve);
    const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("hold"));
    expect(lines).toContain('holdfast_cache_recent_hit_ratio{cache="test"} 0.75');
    expect(lines).toContain('holdfast_cache_lru_hit_ratio{cache="test",memory="0.5"} 0');
    expect(lines).toContain('holdfast_cache_lru_hit_ratio{cache="test",memory="4"} 0.75');
    expect(lines).toContain("holdfast_recent_hit_ratio 0.75");
    expect(lines).toContain('holdfast_lru_hit_ratio{memory="0.25"} 0.75');
    expect(lines).toHaveLength(12);
  });
});
