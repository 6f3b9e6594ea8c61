/**
 * How many partitions each node may keep and how many it must get: counting only, no places.
 *
 * A node's fair share is `partitions * weight / sum of weights`. Each node ends between its share
 * rounded down and its share rounded up, so always within one partition of it.
 *
 * The fewest moves that reach those bounds: what lies above an upper bound, or belongs to nobody
 * who may keep it, has to move (E); what is missing below the lower bounds has to arrive (D). One
 * move serves one of each, so max(E, D) are needed, and `countShares` plans exactly that many.
 */

export interface ShareRequest {
  /** Partitions to share out. */
  readonly partitions: number;
  /** Weight of each node; never empty. */
  readonly weights: readonly number[];
  /** How many of the partitions each node holds now. */
  readonly held: readonly number[];
}

export interface Shares {
  /** Fewest and most partitions of each node. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** How many of its own each node keeps. */
  readonly keep: readonly number[];
  /** How many partitions will go to nodes that have their fewest already. */
  readonly extras: number;
}

export function countShares(request: ShareRequest): Shares {
  const { partitions, weights, held } = request;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const fair = weights.map((weight) => (partitions * weight) / total);
  const low = fair.map(Math.floor);
  const high = fair.map(Math.ceil);
  const keep = held.map((count, node) => Math.min(count, high[node] ?? 0));

  const homeless = partitions - sum(keep);
  const missing = sum(keep.map((count, node) => Math.max(0, (low[node] ?? 0) - count)));
  const surplus = (node: number) => (keep[node] ?? 0) - (fair[node] ?? 0);
  // Each gives one at most: it keeps no more than its share rounded up, and needs the share rounded
  // down. Those furthest above their share first; among equals the order of the nodes decides.
  const givers = keep
    .map((_, node) => node)
    .filter((node) => (keep[node] ?? 0) > (low[node] ?? 0))
    .sort((a, b) => surplus(b) - surplus(a) || a - b)
    .slice(0, Math.max(0, missing - homeless));
  for (const node of givers) keep[node] = (keep[node] ?? 0) - 1;
  return { low, high, keep, extras: Math.max(0, homeless - missing) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
