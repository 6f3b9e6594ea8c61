/**
 * What to do when the registry has lost topologies: it was wiped, or restored to an earlier time.
 *
 * It shows in that the database has epochs set aside for a cluster without a topology, or in that
 * members have read a higher epoch than there is. The leader then waits until every lease that was
 * granted before must have ended, takes the highest topology that any member still holds, and goes
 * on above every epoch and term that may have been used.
 */
import type { Logger, Topology } from "@holdfast/core";
import type { Floor, MemberRecord } from "@holdfast/process";
import { highestTerm } from "./floors.js";
import type { Peers } from "./peers.js";

/** Where a leader starts from. */
export interface StartingPoint {
  /** Undefined: nobody has one. */
  readonly topology: Topology | undefined;
  /** Epochs up to this, and terms below `termFloor`, may have been used. */
  readonly epochFloor: number;
  readonly termFloor: number;
}

const ASK_TIMEOUT_MS = 1_000;

/** Whether there was a later topology than the one in the registry. */
export function hasLostTopologies(
  stored: Topology | undefined,
  floor: Floor,
  members: readonly MemberRecord[],
): boolean {
  const known = stored?.epoch ?? 0;
  const wasUsed = stored === undefined && floor.epoch > 0;
  return wasUsed || members.some(({ topologyEpoch }) => topologyEpoch > known);
}

/** For a registry that has lost nothing. */
export function ordinaryStart(stored: Topology | undefined): StartingPoint {
  return { topology: stored, epochFloor: 0, termFloor: 1 };
}

export interface RecoveryRequest {
  readonly stored: Topology | undefined;
  readonly floor: Floor;
  readonly members: readonly MemberRecord[];
  readonly partitions: number;
  readonly signal: AbortSignal;
}

/** Never throws: a member that does not answer has nothing to add. */
export async function recoverTopology(
  { stored, floor, members, partitions, signal }: RecoveryRequest,
  peers: Peers,
  logger: Logger,
): Promise<StartingPoint> {
  const held = await Promise.all(
    members.map(async ({ nodeId, addresses }) => {
      try {
        return await peers.topology(addresses.data, { timeoutMs: ASK_TIMEOUT_MS, signal });
      } catch (error) {
        logger.warn({ err: error, nodeId }, "cannot ask a member for its topology");
        return undefined;
      }
    }),
  );
  const candidates = [stored, ...held].filter(
    (each): each is Topology => each?.partitions.length === partitions,
  );
  const epochs = [floor.epoch, ...members.map(({ topologyEpoch }) => topologyEpoch)];
  const terms = [floor.term, ...candidates.map(highestTerm)];
  const topology = candidates.sort((a, b) => b.epoch - a.epoch)[0];
  const start = {
    topology,
    epochFloor: Math.max(...epochs, ...candidates.map(({ epoch }) => epoch)),
    termFloor: Math.max(...terms) + 1,
  };
  logger.warn(
    { storedEpoch: stored?.epoch, adoptedEpoch: topology?.epoch, epochFloor: start.epochFloor },
    "the registry has lost topologies, going on from what the members hold",
  );
  return start;
}
