/**
 * The rules about backups and in-sync sets, partition by partition. Pure.
 *
 * An owner may acknowledge a write without a backup only if that backup is not in the in-sync set,
 * so the set grows only as the owner proposes, and whoever is promoted is taken from it. It shrinks
 * when the owner asks for that, when a member is dead, and when the plan has others in its place.
 */
import type { Incarnation, Partition } from "@holdfast/core";

export interface InSyncChange {
  readonly partition: number;
  /** The term that the owner holds. */
  readonly term: number;
  readonly member: Incarnation;
}

/** What an owner asks for. */
export interface InSyncRemovals {
  /** The owner. */
  readonly incarnation: Incarnation;
  readonly changes: readonly InSyncChange[];
}

export interface InSyncProposals extends InSyncRemovals {
  /** The epoch that the owner had read. */
  readonly epoch: number;
}

/** Whether the owner and the term are still those of the request. */
export function isFromOwner(
  partition: Partition | undefined,
  incarnation: Incarnation,
  { term }: InSyncChange,
): boolean {
  return partition?.owner === incarnation && partition.term === term;
}

/** Whether what an owner proposes may still come true. */
export function isOpenProposal(
  partition: Partition | undefined,
  { incarnation, epoch }: InSyncProposals,
  change: InSyncChange,
): boolean {
  return (
    partition !== undefined &&
    isFromOwner(partition, incarnation, change) &&
    partition.changedEpoch <= epoch &&
    (partition.backups.includes(change.member) || partition.moveTo === change.member) &&
    !partition.inSync.includes(change.member)
  );
}

/**
 * Who is to back a partition up: those of the plan, and members in sync that the plan has no room
 * for, until as many of the plan's are. Whom it is to move to stays in sync, backup or not.
 *
 * @param planned - never the owner.
 * @param absent - whose fate is open: they stay what they are.
 */
export function nextBackups(
  { backups, inSync, moveTo }: Partition,
  planned: readonly Incarnation[],
  absent: ReadonlySet<Incarnation>,
): Pick<Partition, "backups" | "inSync"> {
  const missing = planned.filter((member) => !inSync.includes(member)).length;
  const surplus = inSync.filter((member) => !planned.includes(member)).slice(0, missing);
  // Those that stay keep their places, so that nothing seems to change.
  const open = inSync.filter((member) => absent.has(member));
  const wanted = [...new Set([...planned, ...surplus, ...open])];
  const kept = backups.filter((member) => wanted.includes(member));
  return {
    backups: [...kept, ...wanted.filter((member) => !kept.includes(member))],
    inSync: inSync.filter((member) => wanted.includes(member) || member === moveTo),
  };
}

/**
 * Who may still believe that it serves a partition, after its owner was declared dead. The owner itself
 * may: a member that was in sync may go on promising, and the owner serving, although neither reaches
 * the registry. It is otherwise when it is known to have ended, or to have relied on its lease alone,
 * which is over. Those in sync may have been made the owner by a topology that nobody knows here only
 * if they are dead, too. And whoever might have served before the owner began may serve still, if it
 * never did begin.
 *
 * @param ended - who is known to serve nothing any more.
 * @param readEpoch - the highest epoch that the owner is known to have read.
 */
export function nextMayServe(
  { owner, inSync, changedEpoch, mayServe }: Partition,
  ended: ReadonlySet<Incarnation>,
  readEpoch: number,
): readonly Incarnation[] {
  const hadLeaseAlone = inSync.length === 0 && (changedEpoch === 0 || readEpoch >= changedEpoch);
  const holders = owner === undefined || hadLeaseAlone ? [] : [owner];
  return [...new Set([...mayServe, ...holders])].filter((holder) => !ended.has(holder));
}
