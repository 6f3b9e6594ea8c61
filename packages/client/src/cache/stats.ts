/**
 * Counters of the whole cluster: asks every member, and adds up what those that answer say.
 */
import { CacheError } from "@holdfast/core";
import type { CacheStats__Output, StatsResponse__Output } from "@holdfast/proto";
import type { Router } from "../routing/router.js";
import type { Wire } from "../transport/wire.js";
import type { CacheCounters, CacheStats } from "./cache-types.js";

/** What one node says of itself. */
export interface NodeStats {
  readonly nodeId: string;
  readonly incarnation: string;
  readonly memoryBudgetBytes: number;
  readonly ownedPartitions: number;
  readonly caches: readonly (CacheCounters & { readonly cache: string })[];
}

export interface ClusterStats {
  readonly nodes: readonly NodeStats[];
  /** Ids of members that did not answer. */
  readonly unreachable: readonly string[];
}

/**
 * @param cache - Empty: every cache.
 * @throws {CacheError} what a node answers, such as `UNKNOWN_CACHE`; `UNAVAILABLE` when none does.
 */
export async function clusterStats(
  cache: string,
  timeoutMs: number,
  wire: Wire,
  router: Router,
): Promise<ClusterStats> {
  const members = router.members();
  const answers = await Promise.allSettled(
    members.map(({ address }) => wire.stats(address, { cache }, timeoutMs)),
  );
  const nodes: StatsResponse__Output[] = [];
  const unreachable: string[] = [];
  const failures: unknown[] = [];
  answers.forEach((answer, index) => {
    if (answer.status === "fulfilled") {
      nodes.push(answer.value);
    } else {
      if (!isSilence(answer.reason)) failures.push(answer.reason);
      unreachable.push(members[index]?.nodeId ?? "");
    }
  });
  if (nodes.length > 0) return { nodes, unreachable };
  throw failures[0] ?? new CacheError("UNAVAILABLE", "no node answered");
}

export function addStats(cache: string, { nodes, unreachable }: ClusterStats): CacheStats {
  const all = nodes.flatMap(({ caches }) => caches.filter((stats) => stats.cache === cache));
  const counters = all.reduce(sum, ZERO);
  const { hits, misses } = counters;
  const hitRatio = hits === 0 ? 0 : hits / (hits + misses);
  return { ...counters, hitRatio, cache, nodes: nodes.length, unreachable };
}

function isSilence(reason: unknown): boolean {
  return (
    reason instanceof CacheError &&
    (reason.code === "UNAVAILABLE" || reason.code === "DEADLINE_EXCEEDED")
  );
}

// Of the contract's type, so that the compiler asks for a counter that is new there.
const ZERO: Required<Omit<CacheStats__Output, "cache">> = {
  hits: 0,
  misses: 0,
  negativeHits: 0,
  staleHits: 0,
  servedInGrace: 0,
  refreshesAhead: 0,
  loads: 0,
  loadBatches: 0,
  loadFailures: 0,
  tokens: 0,
  tokenWaits: 0,
  loaderFailures: 0,
  sets: 0,
  deletes: 0,
  evictions: 0,
  capacityEvictions: 0,
  memoryEvictions: 0,
  expirations: 0,
  entries: 0,
  bytes: 0,
  dirtyEntries: 0,
  dirtyBytes: 0,
  oldestDirtyAgeMs: 0,
  flushedRows: 0,
  flushBatches: 0,
  flushRetries: 0,
  deadLetters: 0,
  lostWrites: 0,
  batchRows: 0,
  slowedWrites: 0,
  unpersistedEntries: 0,
  checked: 0,
  newerThanDatabase: 0,
  staleEntries: 0,
};

// The keys of ZERO are exactly those of the counters; Object.keys forgets that.
const COUNTERS = Object.keys(ZERO) as (keyof CacheCounters)[];

/** What is not added up: the highest of all nodes stands for it. */
const HIGHEST = ["oldestDirtyAgeMs", "batchRows"] as const;

function sum(a: CacheCounters, b: CacheCounters): CacheCounters {
  const added: Record<keyof CacheCounters, number> = { ...a };
  for (const name of COUNTERS) added[name] = a[name] + b[name];
  for (const name of HIGHEST) added[name] = Math.max(a[name], b[name]);
  return added;
}
