/**
 * The outcome of the main job: one object for programs, with durations in milliseconds and ratios
 * from 0 to 1, and what makes it a failure.
 */
import type { Comparison } from "./differences.js";
import type { CacheAsideResult } from "./phases/cache-aside.js";
import type { NodeAddedResult } from "./phases/node-added.js";
import type { NodeKilledResult } from "./phases/node-killed.js";
import type { NodeKilledDirtyResult } from "./phases/node-killed-dirty.js";
import type { ReadThroughResult } from "./phases/read-through.js";
import type { StampedeResult } from "./phases/stampede.js";
import type { WarmResult } from "./phases/warming.js";
import type { WriteBehindResult } from "./phases/write-behind.js";
import type { WriteThroughResult } from "./phases/write-through.js";

export interface PhaseResults {
  readonly readThrough: ReadThroughResult;
  /** With PostgreSQL's own count of reads. */
  readonly stampede: StampedeResult & { readonly databaseReads: number };
  readonly cacheAside: CacheAsideResult;
  readonly warm: WarmResult;
  readonly writeThrough: WriteThroughResult;
  readonly writeBehind: WriteBehindResult;
  readonly nodeAdded: NodeAddedResult;
  readonly nodeKilled: NodeKilledResult;
  readonly nodeKilledDirty: NodeKilledDirtyResult;
}

export interface Summary extends PhaseResults {
  readonly products: number;
  readonly workload: string;
  readonly seed: number;
  readonly comparedRows: number;
  /** Rows that are not what was acknowledged last. */
  readonly differences: number;
  /** From the start of the first process until every node served its share. */
  readonly startupMs: number;
  readonly durationMs: number;
}

export interface SummaryInput {
  readonly phases: PhaseResults;
  readonly comparison: Comparison;
  readonly products: number;
  readonly workload: string;
  readonly seed: number;
  readonly startupMs: number;
  readonly durationMs: number;
}

export function makeSummary({ phases, comparison, ...rest }: SummaryInput): Summary {
  return {
    ...rest,
    ...phases,
    comparedRows: comparison.rows,
    differences: comparison.differences,
  };
}

/** One line of JSON; numbers with at most three decimals. */
export function summaryLine(summary: Summary): string {
  return JSON.stringify(summary, (_, value: unknown) =>
    typeof value === "number" ? Math.round(value * 1_000) / 1_000 : value,
  );
}

/** What of the outcome breaks a promise, one line each. Empty: all went well. */
export function failuresOf(summary: Summary): readonly string[] {
  const { differences, stampede, nodeAdded, nodeKilled, nodeKilledDirty, cacheAside } = summary;
  const failures: string[] = [];
  if (differences > 0) failures.push(`${differences} rows are not what was acknowledged last`);
  if (stampede.databaseReads !== 1) {
    failures.push(`the stampede caused ${stampede.databaseReads} database reads instead of 1`);
  }
  if (nodeKilledDirty.unreadable > 0) {
    const { unreadable } = nodeKilledDirty;
    failures.push(`${unreadable} acknowledged writes of a killed node were out of reach`);
  }
  if (nodeKilledDirty.lost > 0) {
    failures.push(`${nodeKilledDirty.lost} acknowledged writes of a killed node were lost`);
  }
  if (cacheAside.stale > 0) failures.push(`${cacheAside.stale} reads did not see an update`);
  for (const [what, { clientErrors, errorCodes }] of [
    ["a node was added", nodeAdded],
    ["a node was killed", nodeKilled],
  ] as const) {
    if (clientErrors === 0) continue;
    failures.push(`${clientErrors} calls failed while ${what}: ${JSON.stringify(errorCodes)}`);
  }
  return failures;
}
