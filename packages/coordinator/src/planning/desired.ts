/**
 * The assignment to aim at, from a topology: which members may be given partitions, and where each
 * partition is already, or is already going.
 */
import type { Incarnation, Member, Partition } from "@holdfast/core";
import { type Assignment, type PlanMember, planAssignment } from "./planner.js";
import type { RingBuilder } from "./ring.js";

export interface DesiredRequest {
  readonly members: readonly Member[];
  readonly partitions: readonly Partition[];
  /** Members whose registration is missing and whose death is not established. */
  readonly absent: ReadonlySet<Incarnation>;
}

/** This release keeps no copies; the planner is ready for them. */
const BACKUPS = 0;

export function desiredAssignment(
  { members, partitions, absent }: DesiredRequest,
  rings: RingBuilder,
): readonly Assignment[] {
  const unfenced = new Set(partitions.flatMap((partition) => partition.unfenced));
  const planMembers = members
    .filter(({ state }) => state !== "dead")
    .map((member) => toPlanMember(member, absent, unfenced));
  const states = new Map(planMembers.map(({ incarnation, state }) => [incarnation, state]));
  const previous = partitions.map(({ owner, moveTo, backups }): Assignment => {
    // A move that has begun counts as made. Otherwise every plan made on the way would begin anew
    // and could pick other partitions.
    const isMoving = moveTo !== undefined && states.get(moveTo) === "active";
    return { owner: isMoving ? moveTo : owner, backups };
  });
  return planAssignment({ previous, members: planMembers, backups: BACKUPS }, rings);
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
