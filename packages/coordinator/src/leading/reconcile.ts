/**
 * One step from the present topology towards the desired one: who died is replaced, what was
 * released changes hands, new terms are given, fences are taken note of, and as many moves as are
 * allowed at once are begun. Pure: the session (leader-session.ts) collects the facts and publishes.
 * What happens to a single partition is in partition-changes.ts.
 */
import { type Incarnation, type Partition, type Topology, UNOWNED_PARTITION } from "@holdfast/core";
import { desiredAssignment } from "../planning/desired.js";
import type { Assignment } from "../planning/planner.js";
import type { Rings } from "../planning/ring.js";
import { nextMembers, sameMembers, withoutForgotten } from "../state/members.js";
import type { Facts, StepOptions } from "./facts.js";
import { PartitionChanges, samePartition } from "./partition-changes.js";

export interface Step {
  /** Epoch and write token are still those of the topology before. */
  readonly topology: Topology;
  readonly changed: boolean;
  /** Whether operations wait for it: a partition changes its owner, its term, is taken back, or loses a backup. */
  readonly urgent: boolean;
  /** Members that it declares dead: the publish must check that they are still not registered. */
  readonly died: readonly Incarnation[];
}

/** A topology before its first publish: nobody has anything. */
export function emptyTopology(partitions: number): Topology {
  return {
    epoch: 0,
    writeToken: "",
    members: [],
    partitions: Array.from({ length: partitions }, () => UNOWNED_PARTITION),
  };
}

export function reconcile(
  before: Topology,
  facts: Facts,
  options: StepOptions,
  rings: Rings,
): Step {
  const members = nextMembers(before.members, facts);
  const stateOf = new Map(members.map(({ incarnation, state }) => [incarnation, state]));
  const isDead = (incarnation: Incarnation) => (stateOf.get(incarnation) ?? "dead") === "dead";
  const changes = new PartitionChanges(facts, options, members);
  const replaced = before.partitions.map((partition, number) =>
    changes.withoutDead(number, partition),
  );
  const { absent } = facts;
  const { backups } = options;
  const desired = desiredAssignment({ members, partitions: replaced, absent, backups }, rings);
  changes.countMoves(replaced);
  const partitions = before.partitions.map((partition, number) => {
    const next = changes.apply(
      number,
      partition,
      replaced[number] as Partition,
      desired[number] as Assignment,
    );
    return samePartition(next, partition) ? partition : next;
  });
  const remaining = withoutForgotten(members, partitions, facts.registered);
  const changedPartitions = [...partitions.keys()].filter(
    (number) => partitions[number] !== before.partitions[number],
  );
  const died = before.members
    .filter(({ incarnation, state }) => state !== "dead" && isDead(incarnation))
    .map(({ incarnation }) => incarnation);
  return {
    topology: { ...before, members: remaining, partitions },
    changed: changedPartitions.length > 0 || !sameMembers(remaining, before.members),
    urgent:
      facts.removals.length > 0 ||
      changedPartitions.some((number) => {
        const [was, is] = [before.partitions[number], partitions[number]];
        return (
          was !== undefined && is !== undefined && isAwaited(was, is, facts.released.has(number))
        );
      }),
    died,
  };
}

/** Whether operations wait for what changes. */
function isAwaited(was: Partition, is: Partition, isReleased: boolean): boolean {
  return (
    isReleased ||
    is.owner !== was.owner ||
    is.term !== was.term ||
    is.inSync.length < was.inSync.length ||
    is.recoverFrom.length < was.recoverFrom.length ||
    is.heldBack !== was.heldBack
  );
}
