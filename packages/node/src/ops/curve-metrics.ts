/** The miss-ratio curves as metrics: of each cache, and of all caches of the node together. */
import { Gauge, type Registry } from "prom-client";
import type { ConfiguredCache } from "../cache/configured-cache.js";
import type { MissRatioCurve } from "../curve/miss-ratio-curve.js";
import { type CurveFigures, curveFigures } from "./node-stats.js";

export interface CurveSources {
  readonly caches: () => Iterable<ConfiguredCache>;
  readonly curve: MissRatioCurve;
  readonly memoryBudgetBytes: number;
}

/** A curve and the labels of its metrics; a cache of which too little was read has none. */
interface LabelledCurve {
  readonly labels: { readonly cache?: string };
  readonly figures: CurveFigures;
}

export function addCurves(registry: Registry, node: CurveSources): void {
  const ofCaches = () =>
    [...node.caches()].flatMap(({ name, curve, boundBytes }) =>
      labelled({ cache: name }, curve, boundBytes),
    );
  const ofNode = () => labelled({}, node.curve, node.memoryBudgetBytes);
  addCurve(registry, "cache_", "the cache", ["cache"], ofCaches);
  addCurve(registry, "", "the node", [], ofNode);
}

function labelled(
  labels: { readonly cache?: string },
  curve: MissRatioCurve,
  boundBytes: number,
): LabelledCurve[] {
  const figures = curveFigures(curve, boundBytes);
  return figures === undefined ? [] : [{ labels, figures }];
}

function addCurve(
  registry: Registry,
  prefix: string,
  whose: string,
  labelNames: readonly "cache"[],
  curves: () => readonly LabelledCurve[],
): void {
  new Gauge({
    name: `holdfast_${prefix}recent_hit_ratio`,
    help: `Part of the reads of the recent past that ${whose} answered from memory.`,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      // Without labels a reset leaves a 0, which nobody has measured.
      this.remove({});
      for (const { labels, figures } of curves()) this.set(labels, figures.observedHitRatio);
    },
  });
  new Gauge({
    name: `holdfast_${prefix}lru_hit_ratio`,
    help: `The same of an LRU cache with so many times the memory that ${whose} may use now, estimated.`,
    labelNames: [...labelNames, "memory"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, figures } of curves()) {
        for (const { multiple, hitRatio } of figures.points) {
          this.set({ ...labels, memory: String(multiple) }, hitRatio);
        }
      }
    },
  });
}
