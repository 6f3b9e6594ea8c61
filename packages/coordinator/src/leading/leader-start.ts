/**
 * Where a new leader starts: with what is in the registry, or, where topologies were lost, with the
 * best that is left (recovery.ts). Everything is read here rather than taken from the view, which
 * may still be older than the election.
 */
import type { Clock, ClusterConfig, Logger, Topology } from "@holdfast/core";
import { type Registry, TOPOLOGY_KEY } from "@holdfast/process";
import { decodeTopology } from "@holdfast/proto";
import type { ClusterState } from "../state/registry-view.js";
import type { Floors } from "./floors.js";
import type { Reign } from "./leadership.js";
import type { Peers } from "./peers.js";
import { emptyTopology } from "./reconcile.js";
import {
  hasLostTopologies,
  ordinaryStart,
  recoverTopology,
  type StartingPoint,
} from "./recovery.js";

export interface StartParts {
  readonly registry: Registry;
  readonly floors: Floors;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ensureConfig: (reign: Reign) => Promise<ClusterConfig>;
}

export interface StartRequest {
  readonly reign: Reign;
  readonly memberTtlMs: number;
  readonly state: ClusterState;
  readonly signal: AbortSignal;
}

export type FoundStart =
  | { readonly waitMs: number }
  | {
      readonly start: StartingPoint;
      /** What the next topology is made from, and the revision that the registry has of it. */
      readonly topology: Topology;
      readonly modRevision: number;
      /** Whether the registry holds exactly this topology. */
      readonly isPublished: boolean;
    };

/** @throws whatever reading the registry or the database throws. */
export async function findStart(
  { registry, floors, peers, clock, logger, ensureConfig }: StartParts,
  { reign, memberTtlMs, state, signal }: StartRequest,
): Promise<FoundStart> {
  const { partitions } = await ensureConfig(reign);
  const entry = await registry.get(TOPOLOGY_KEY);
  const stored = entry && decodeTopology(entry.value);
  if (stored !== undefined && stored.partitions.length !== partitions) {
    throw new Error(`the topology has ${stored.partitions.length} partitions, not ${partitions}`);
  }
  const modRevision = entry?.modRevision ?? 0;
  const floor = await floors.open(stored);
  const members = [...state.members.values()].map(({ value }) => value);
  if (!hasLostTopologies(stored, floor, members)) {
    const topology = stored ?? emptyTopology(partitions);
    const isPublished = stored !== undefined;
    return { start: ordinaryStart(stored), topology, modRevision, isPublished };
  }
  // Leases that the registry has forgotten may still let their owners serve.
  const waitMs = reign.sinceMs + memberTtlMs - clock.monotonic();
  if (waitMs > 0) return { waitMs };
  const request = { stored, floor, members, partitions, signal };
  const start = await recoverTopology(request, peers, logger);
  const topology = start.topology ?? emptyTopology(partitions);
  return { start, topology, modRevision, isPublished: false };
}
