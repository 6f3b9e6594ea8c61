/** One more node joins while the lookups run, and takes its share of the partitions. */
import { delay } from "@holdfast/core";
import type { JobContext } from "../context.js";
import { Traffic } from "../traffic.js";

export interface NodeAddedResult {
  readonly clientErrors: number;
  readonly errorCodes: Readonly<Record<string, number>>;
  readonly lookups: number;
  readonly writes: number;
  /** From the start of the process until it had its whole share. */
  readonly settledMs: number;
  readonly nodes: number;
}

/** The lookups go on for a while before and after, so that a late error is seen too. */
const AROUND_MS = 1_000;

export async function nodeAdded(context: JobContext): Promise<NodeAddedResult> {
  const { clock, cluster, signal } = context;
  const traffic = new Traffic(context);
  try {
    await delay(clock, AROUND_MS, signal);
    const startedAtMs = clock.monotonic();
    await cluster.addNode();
    await cluster.settled({ signal });
    const settledMs = clock.monotonic() - startedAtMs;
    await delay(clock, AROUND_MS, signal);
    const { clientErrors, errorCodes, lookups, writes } = await traffic.stop();
    return { clientErrors, errorCodes, lookups, writes, settledMs, nodes: cluster.nodes.length };
  } finally {
    await traffic.stop();
  }
}
