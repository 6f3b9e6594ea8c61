/**
 * The nodes' own counters, asked of each node: how much was loaded, what is still dirty, what has
 * been flushed. A node's counters end with its process, so a phase compares only what it read while
 * the same nodes ran.
 */
import { type Clock, delay } from "@holdfast/core";
import type { CacheStats__Output, StatsResponse__Output } from "@holdfast/proto";
import type { LocalCluster } from "../local/local-cluster.js";
import type { RunningNode } from "../local/local-node.js";
import { readStats } from "../rpc/operations.js";

const STATS_TIMEOUT_MS = 5_000;
const POLL_MS = 50;

/** Numbers of one cache, over all nodes. */
export interface CacheTotals {
  readonly loads: number;
  readonly dirtyEntries: number;
  readonly flushedRows: number;
  readonly flushBatches: number;
}

export interface StatsSource {
  readonly cluster: LocalCluster;
  readonly clock: Clock;
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export async function cacheTotals(source: StatsSource, cache: string): Promise<CacheTotals> {
  const totals = { loads: 0, dirtyEntries: 0, flushedRows: 0, flushBatches: 0 };
  for (const stats of cachesOf(await readAll(source))) {
    if (stats.cache !== cache) continue;
    totals.loads += stats.loads;
    totals.dirtyEntries += stats.dirtyEntries;
    totals.flushedRows += stats.flushedRows;
    totals.flushBatches += stats.flushBatches;
  }
  return totals;
}

/** Entries of one node that are acknowledged and not yet in the database. */
export async function dirtyEntriesOf(source: StatsSource, node: RunningNode): Promise<number> {
  const stats = await readNode(source, node);
  return stats.caches.reduce((sum, { dirtyEntries }) => sum + dirtyEntries, 0);
}

/**
 * Waits until the database has everything, what killed nodes have in their journals included.
 *
 * @throws {Error} when it has not after the time.
 */
export async function untilClean(source: StatsSource, options: WaitOptions): Promise<void> {
  const what = "entries that are not yet in the database";
  await until(source.clock, { ...options, what }, async () => {
    const nodes = await readAll(source);
    const isDirty = cachesOf(nodes).some(({ dirtyEntries }) => dirtyEntries > 0);
    return !isDirty && nodes.every(({ recordsToReplay }) => recordsToReplay === 0);
  });
}

/** Definitions reach nodes through the registry, a moment after they were applied. */
export async function untilKnown(
  source: StatsSource,
  caches: readonly string[],
  options: WaitOptions,
): Promise<void> {
  await until(source.clock, { ...options, what: "nodes that do not know the caches" }, async () => {
    const nodes = await readAll(source);
    return nodes.every((node) => {
      const known = new Set(node.caches.map(({ cache }) => cache));
      return caches.every((cache) => known.has(cache));
    });
  });
}

async function until(
  clock: Clock,
  options: WaitOptions & { readonly what: string },
  isReached: () => Promise<boolean>,
): Promise<void> {
  const deadlineMs = clock.monotonic() + options.timeoutMs;
  while (!(await isReached())) {
    if (clock.monotonic() >= deadlineMs) {
      throw new Error(`after ${options.timeoutMs / 1_000} s there are still ${options.what}`);
    }
    await delay(clock, POLL_MS, options.signal);
  }
}

function readAll(source: StatsSource): Promise<readonly StatsResponse__Output[]> {
  return Promise.all(source.cluster.nodes.map((node) => readNode(source, node)));
}

function readNode({ clock }: StatsSource, node: RunningNode): Promise<StatsResponse__Output> {
  return readStats({ address: node.addresses.data, timeoutMs: STATS_TIMEOUT_MS, clock }, "");
}

function cachesOf(nodes: readonly StatsResponse__Output[]): readonly CacheStats__Output[] {
  return nodes.flatMap(({ caches }) => caches);
}
