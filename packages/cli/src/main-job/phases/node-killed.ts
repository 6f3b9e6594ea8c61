/**
 * A node dies without warning while the lookups run. Nothing that it held is lost: at that moment
 * none of its entries is dirty, and the only writes are write-through. (Writes that are acknowledged
 * from memory alone do not survive this: see node-killed-dirty.ts.)
 */
import { delay, encodeKey, findMember, partitionOf } from "@holdfast/core";
import type { RunningNode } from "../../local/local-node.js";
import type { View } from "../../rpc/topology.js";
import type { JobContext } from "../context.js";
import { Prober } from "../prober.js";
import { dirtyEntriesOf, untilClean } from "../stats.js";
import { Traffic } from "../traffic.js";

export interface NodeKilledResult {
  readonly nodeId: string;
  readonly clientErrors: number;
  readonly errorCodes: Readonly<Record<string, number>>;
  readonly lookups: number;
  readonly writes: number;
  readonly repeatedWrites: number;
  /** Longest time that a key of the killed node could not be read. */
  readonly unavailableMs: number;
}

const AROUND_MS = 1_000;
const CLEAN_TIMEOUT_MS = 30_000;
/** One key in each of this many of the node's partitions. */
const PROBED_PARTITIONS = 64;
const PROBE_PACE_MS = 25;

export async function nodeKilled(context: JobContext): Promise<NodeKilledResult> {
  const { caches, clock, cluster, signal } = context;
  const victim = victimOf(context);
  const view = await cluster.settled({ signal });
  await untilClean(context, { timeoutMs: CLEAN_TIMEOUT_MS, signal });
  const traffic = new Traffic(context);
  const keys = probedKeys(context, view, victim);
  const prober = new Prober(caches.products, { keys, clock, paceMs: PROBE_PACE_MS });
  try {
    await delay(clock, AROUND_MS, signal);
    const dirty = await dirtyEntriesOf(context, victim);
    if (dirty > 0) throw new Error(`${victim.nodeId} has ${dirty} dirty entries`);
    prober.reset();
    await cluster.killNode(victim.nodeId);
    await cluster.settled({ signal });
    await delay(clock, AROUND_MS, signal);
    const { longestMs, failures } = await prober.stop();
    const report = await traffic.stop();
    return {
      nodeId: victim.nodeId,
      clientErrors: report.clientErrors + failures,
      errorCodes: report.errorCodes,
      lookups: report.lookups,
      writes: report.writes,
      repeatedWrites: report.repeatedWrites,
      unavailableMs: longestMs,
    };
  } finally {
    await Promise.all([traffic.stop(), prober.stop()]);
  }
}

function victimOf({ cluster }: JobContext): RunningNode {
  const victim = cluster.nodes[1];
  if (victim === undefined) throw new Error("there is no second node to kill");
  return victim;
}

/** One product in each of some partitions that the node owns. */
function probedKeys({ workload }: JobContext, view: View, victim: RunningNode): readonly string[] {
  const { topology } = view;
  if (topology === undefined || findMember(topology, victim.incarnation) === undefined) {
    throw new Error(`${victim.nodeId} is not in the topology`);
  }
  const keys = new Map<number, string>();
  for (let id = 1; id <= workload.products && keys.size < PROBED_PARTITIONS; id++) {
    const partition = partitionOf(encodeKey(String(id)), view);
    if (topology.partitions[partition]?.owner !== victim.incarnation) continue;
    if (!keys.has(partition)) keys.set(partition, String(id));
  }
  return [...keys.values()];
}
