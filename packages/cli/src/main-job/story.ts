/** What the main job says about each of its results, for the person who watches. */
import { formatCount } from "../terminal/reporter.js";
import type { ReadThroughResult } from "./phases/read-through.js";
import type { StampedeResult } from "./phases/stampede.js";
import type { PhaseResults, Summary } from "./summary.js";

/** What each phase knows when it ends. PostgreSQL's count of the stampede comes later. */
export type Told = Omit<PhaseResults, "stampede"> & { readonly stampede: StampedeResult };

export const STORY: { readonly [Phase in keyof Told]: (result: Told[Phase]) => string[] } = {
  readThrough: (result) => [
    `${formatCount(result.lookups)} lookups, ${perSecond(result.lookupsPerSecond)}; ` +
      `${formatCount(result.loads)} rows loaded, lookups that missed the same key sharing one`,
    `hit ratio ${percent(result.hitRatio)}; an ideal LRU of this size: ${percent(result.idealLruHitRatio)}`,
    `hits: p50 ${ms(result.hitP50Ms)}, p99 ${ms(result.hitP99Ms)}; ` +
      `misses: p50 ${ms(result.missP50Ms)}, p99 ${ms(result.missP99Ms)} ` +
      "(the first tenth of the lookups warms the processes up and is left out here)",
    ...hitLatencyNote(result),
  ],
  stampede: (result) => [
    `${formatCount(result.callers)} callers in ${result.clients} clients asked for one uncached key: ` +
      `${reads(result.loads)} by the nodes' count (PostgreSQL's own comes at the end)`,
  ],
  cacheAside: (result) => [
    `${formatCount(result.reads)} reads, ${formatCount(result.loads)} of them loaded by the application`,
    `${formatCount(result.updates)} updates, after which ${result.stale} reads saw an old value`,
  ],
  warm: (result) => [
    `${formatCount(result.keys)} keys loaded in ${ms(result.tookMs)}` +
      (result.skipped === 0 ? "" : `, ${formatCount(result.skipped)} left out for lack of room`),
  ],
  writeThrough: (result) => [
    `${formatCount(result.writes)} writes, each in the database before it was acknowledged: ` +
      `p50 ${ms(result.p50Ms)}, ${perSecond(result.writesPerSecond)}`,
  ],
  writeBehind: (result) => [
    `${formatCount(result.acknowledged)} writes acknowledged, ${perSecond(result.writesPerSecond)}; ` +
      `they reached the database as ${formatCount(result.rows)} rows in ` +
      `${formatCount(result.batches)} batches`,
  ],
  nodeAdded: (result) => [
    `now ${result.nodes} nodes; the new one had its share after ${ms(result.settledMs)}`,
    `${formatCount(result.lookups)} lookups and ${formatCount(result.writes)} writes meanwhile: ` +
      errors(result.clientErrors, result.errorCodes),
  ],
  nodeKilled: (result) => [
    `${result.nodeId} killed with SIGKILL; its keys were out of reach for at most ` +
      ms(result.unavailableMs),
    `${formatCount(result.lookups)} lookups and ${formatCount(result.writes)} writes meanwhile: ` +
      `${errors(result.clientErrors, result.errorCodes)}; ` +
      `${result.repeatedWrites} writes had lost their answer and were made again`,
  ],
  nodeKilledDirty: (result) => [
    `${formatCount(result.acknowledged)} writes acknowledged, then ${result.nodeId} killed while ` +
      `it held ${formatCount(result.dirty)} of them that were not in the database`,
    `${formatCount(result.unreadable)} could not be read from the others at once; ` +
      `${formatCount(result.lost)} were lost in the end`,
  ],
};

const HIT_TARGET_MS = 1;

/** Why hits took longer than they should, where they did. */
function hitLatencyNote({ hitP99Ms, processors }: ReadThroughResult): string[] {
  if (hitP99Ms === undefined || hitP99Ms < HIT_TARGET_MS) return [];
  return [
    `p99 of the hits is above ${HIT_TARGET_MS} ms: nodes, client and PostgreSQL share ` +
      `${processors} processors and keep them busy, so a hit waits for its turn behind misses`,
  ];
}

export function comparisonStory(summary: Summary): string {
  return (
    `${formatCount(summary.comparedRows)} rows compared with the last value acknowledged: ` +
    `${formatCount(summary.differences)} differences`
  );
}

function reads(count: number): string {
  return count === 1 ? "1 database read" : `${count} database reads`;
}

function errors(count: number, codes: Readonly<Record<string, number>>): string {
  if (count === 0) return "no caller saw an error";
  return `${formatCount(count)} calls failed (${JSON.stringify(codes)})`;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

function perSecond(rate: number): string {
  return `${formatCount(rate)} per second`;
}

/** `undefined`: there was nothing to measure. */
export function ms(durationMs: number | undefined): string {
  if (durationMs === undefined) return "-";
  if (durationMs >= 1_000) return `${(durationMs / 1_000).toFixed(1)} s`;
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
