import { describe, expect, it } from "vitest";
import { curvesTable, mergeCurves } from "./curves.js";

function curve(cache: string, reads: number, observedHitRatio: number, ratios: readonly number[]) {
  const multiples = [0.25, 0.5, 1, 2, 4];
  const points = ratios.map((hitRatio, index) => {
    const multiple = multiples[index] ?? 0;
    return { multiple, bytes: 1_000 * multiple, hitRatio };
  });
  return { cache, reads, observedHitRatio, points };
}

describe("The curves of several nodes", () => {
  it("are one for each cache, in which nodes count by their reads", () => {
    const merged = mergeCurves([
      curve("a", 300, 0.8, [0.2, 0.4, 0.6, 0.8, 1]),
      curve("b", 10, 0.5, [0, 0, 0, 0, 0]),
      curve("", 310, 0.7, [0, 0.25, 0.5, 0.75, 1]),
      curve("a", 100, 0.4, [0, 0, 0.2, 0.4, 0.6]),
    ]);
    expect([...merged.keys()]).toEqual(["a", "b", ""]);
    expect(merged.get("a")?.reads).toBe(400);
    expect(merged.get("a")?.observedHitRatio).toBeCloseTo(0.7);
    expect(merged.get("a")?.points.map(({ bytes }) => bytes)).toEqual([
      500, 1_000, 2_000, 4_000, 8_000,
    ]);
    const ratios = [0.15, 0.3, 0.5, 0.7, 0.9];
    merged.get("a")?.points.forEach(({ hitRatio }, index) => {
      expect(hitRatio).toBeCloseTo(ratios[index] ?? 0);
    });
    expect(merged.get("b")?.reads).toBe(10);
  });

  it("have no point that one of them does not tell", () => {
    const merged = mergeCurves([curve("a", 1, 1, [0, 0, 0, 0, 0]), curve("a", 1, 1, [0, 0])]);
    expect(merged.get("a")?.points.map(({ multiple }) => multiple)).toEqual([0.25, 0.5]);
  });

  it("are shown beside what the cache really answered from memory", () => {
    const merged = mergeCurves([
      curve("pages", 300, 0.612, [0.2, 0.4, 0.6, 0.8, 1]),
      curve("", 310, 0.7, [0, 0.25, 0.5, 0.75, 1]),
    ]);
    expect(curvesTable(merged)?.split("\n")).toEqual([
      "cache  hit ratio lately  LRU ×0.25  LRU ×0.5  LRU ×1  LRU ×2  LRU ×4",
      "pages  61.2 %            20.0 %     40.0 %    60.0 %  80.0 %  100.0 %",
      "(all)  70.0 %            0.0 %      25.0 %    50.0 %  75.0 %  100.0 %",
    ]);
  });

  it("are not shown where there are none", () => {
    expect(curvesTable(mergeCurves([]))).toBeUndefined();
  });
});
