/**
 * The miss-ratio curves of all nodes as one for each cache, and how `holdfast stats` shows them. A node's
 * point for twice the memory means twice its own; so the cluster's hit ratio with twice the memory on every
 * node is the nodes' mean, weighted by their reads.
 */
import type { MissRatioCurve__Output } from "@holdfast/proto";
import { formatTable } from "./table.js";

export interface ClusterCurve {
  readonly reads: number;
  readonly observedHitRatio: number;
  readonly points: readonly CurvePoint[];
}

interface CurvePoint {
  readonly multiple: number;
  readonly bytes: number;
  readonly hitRatio: number;
}

/** By cache; under the empty name that of all caches together. */
export function mergeCurves(
  all: readonly MissRatioCurve__Output[],
): ReadonlyMap<string, ClusterCurve> {
  const merged = new Map<string, ClusterCurve>();
  for (const { cache, ...curve } of all) {
    const known = merged.get(cache);
    merged.set(cache, known === undefined ? curve : merge(known, curve));
  }
  return merged;
}

function merge(a: ClusterCurve, b: ClusterCurve): ClusterCurve {
  const reads = a.reads + b.reads;
  const mean = (ofA: number, ofB: number) => (ofA * a.reads + ofB * b.reads) / reads;
  // A multiple that one of two versions does not tell is left out.
  const points = a.points.flatMap(({ multiple, bytes, hitRatio }) => {
    const other = b.points.find((point) => point.multiple === multiple);
    if (other === undefined) return [];
    return [{ multiple, bytes: bytes + other.bytes, hitRatio: mean(hitRatio, other.hitRatio) }];
  });
  return { reads, observedHitRatio: mean(a.observedHitRatio, b.observedHitRatio), points };
}

/** `undefined` where there is none. */
export function curvesTable(curves: ReadonlyMap<string, ClusterCurve>): string | undefined {
  const [first] = curves.values();
  if (first === undefined) return undefined;
  const multiples = first.points.map(({ multiple }) => multiple);
  const head = ["cache", "hit ratio lately", ...multiples.map((multiple) => `LRU ×${multiple}`)];
  const rows = [...curves].map(([cache, { observedHitRatio, points }]) => [
    cache === "" ? "(all)" : cache,
    percent(observedHitRatio),
    ...multiples.map((multiple) => {
      const point = points.find((each) => each.multiple === multiple);
      return point === undefined ? "" : percent(point.hitRatio);
    }),
  ]);
  return formatTable(head, rows);
}

/** For people: one decimal is more than an estimate has. */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}
