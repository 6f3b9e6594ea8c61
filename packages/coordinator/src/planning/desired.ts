/**
 * The assignment to aim at, from a topology: which members may be given partitions, and where each
 * partition is already, or is already going.
 */
import type { Incarnation, Member, Partition } from "@holdfast/core";
import { type Assignment, type PlanMember, planAssignment } from "./planner.js";
import type { Rings } from "./ring.js";

export interface DesiredRequest {
  readonly members: readonly Member[];
  readonly partitions: readonly Partition[];
  /** Members whose registration is missing and whose death is not established. */
  readonly absent: ReadonlySet<Incarnation>;
  /** Backups of each partition. */
  readonly backups: number;
}

export function desiredAssignment(
  { members, partitions, absent, backups }: DesiredRequest,
  rings: Rings,
): readonly Assignment[] {
  const unfenced = new Set(partitions.flatMap((partition) => partition.unfenced));
  const planMembers = members
    .filter(({ state }) => state !== "dead")
    .map((member) => toPlanMember(member, absent, unfenced));
  const states = new Map(planMembers.map(({ incarnation, state }) => [incarnation, state]));
  const previous = partitions.map((partition): Assignment => {
    const { owner, moveTo, inSync } = partition;
    // A move that has begun counts as made. Otherwise every plan made on the way would begin anew
    // and could pick other partitions.
    const isMoving = moveTo !== undefined && states.get(moveTo) === "active";
    // Whoever is in sync is the best successor.
    const isOrphan = owner === undefined && inSync.length > 0;
    return {
      owner: isMoving ? moveTo : owner,
      backups: isOrphan ? inSync : partition.backups,
    };
  });
  return planAssignment({ previous, members: planMembers, backups }, rings);
}

function toPlanMember(
  { incarnation, nodeId, weight, zone, state }: Member,
  absent: ReadonlySet<Incarnation>,
  unfenced: ReadonlySet<Incarnation>,
): PlanMember {
  const mayGain = state === "active" && !unfenced.has(incarnation);
  const planState = absent.has(incarnation) ? "absent" : mayGain ? "active" : "draining";
  return { incarnation, nodeId, weight, zone, state: planState };
}
