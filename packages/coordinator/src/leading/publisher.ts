/**
 * Writes topologies, so that there is one line of them: each replaces the one it was made from, by
 * the coordinator that leads, and never on an absence that is no longer true.
 *
 * A transaction whose answer is lost may have been made or not. The token inside the value tells:
 * whoever reads their own token back has published.
 */
import type { Incarnation, Topology } from "@holdfast/core";
import {
  COORDINATOR_KEY,
  type Compare,
  MEMBERS_PREFIX,
  type Registry,
  RegistryUnavailableError,
  TOPOLOGY_KEY,
} from "@holdfast/process";
import { decodeTopology, encodeTopology } from "@holdfast/proto";
import type { ClusterState } from "../state/registry-view.js";
import type { Reign } from "./leadership.js";

/** A topology and the revision that wrote it; 0: not written yet. */
export interface PublishedTopology {
  readonly topology: Topology;
  readonly modRevision: number;
}

export interface PublishRequest {
  readonly reign: Reign;
  readonly before: PublishedTopology;
  /** Complete, with its epoch and a fresh token. */
  readonly next: Topology;
  /** What must still hold of members that `next` declares dead. */
  readonly absences: readonly Compare[];
}

export type PublishResult =
  | { readonly at: "published"; readonly published: PublishedTopology }
  /** A condition did not hold. `present` is what is there instead, if anything. */
  | { readonly at: "refused"; readonly present: PublishedTopology | undefined };

/** @throws {RegistryUnavailableError} when the outcome is unknown and could not be read back. */
export async function publish(
  registry: Registry,
  { reign, before, next, absences }: PublishRequest,
): Promise<PublishResult> {
  const compares: Compare[] = [
    { key: COORDINATOR_KEY, target: "create", equals: reign.createRevision },
    { key: TOPOLOGY_KEY, target: "mod", equals: before.modRevision },
    ...absences,
  ];
  try {
    const { succeeded, revision } = await registry.transact(compares, [
      { key: TOPOLOGY_KEY, put: encodeTopology(next) },
    ]);
    if (succeeded) {
      return { at: "published", published: { topology: next, modRevision: revision } };
    }
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError)) throw error;
  }
  const entry = await registry.get(TOPOLOGY_KEY);
  if (entry === undefined) return { at: "refused", present: undefined };
  const present = { topology: decodeTopology(entry.value), modRevision: entry.modRevision };
  const at = present.topology.writeToken === next.writeToken ? "published" : "refused";
  return at === "published" ? { at, published: present } : { at, present };
}

/** The conditions under which members may be declared dead: not registered, or replaced. */
export function absencesOf(
  died: readonly Incarnation[],
  topology: Topology,
  state: ClusterState,
): readonly Compare[] {
  const nodeIds = new Map(topology.members.map((each) => [each.incarnation, each.nodeId]));
  return died.map((incarnation) => {
    const nodeId = nodeIds.get(incarnation) ?? "";
    // The revision of a successor's registration stands for "another incarnation": only the node
    // itself writes its key, and never with an older incarnation.
    const equals = state.members.get(nodeId)?.modRevision ?? 0;
    return { key: `${MEMBERS_PREFIX}${nodeId}`, target: "mod", equals };
  });
}
