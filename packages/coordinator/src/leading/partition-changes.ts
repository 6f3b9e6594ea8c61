/**
 * What one step makes of each partition: the dead leave it, requests of its owner are granted, it
 * changes hands, begins to move, gets other backups. Pure; it counts the moves that are under way.
 *
 * A partition whose owner is absent, without being known to be dead, is left exactly as it is. So is
 * one whose owner is dead while the fate of everyone who could be promoted is open.
 */
import { type Incarnation, MAX_TERM, type Member, type Partition } from "@holdfast/core";
import type { Assignment } from "../planning/planner.js";
import { type Facts, needsTerm, type StepOptions, type TermRequest } from "./facts.js";
import {
  type InSyncChange,
  type InSyncProposals,
  type InSyncRemovals,
  isFromOwner,
  isOpenProposal,
  nextBackups,
  nextMayServe,
} from "./in-sync.js";

export class PartitionChanges {
  readonly #facts: Facts;
  readonly #options: StepOptions;
  readonly #stateOf: ReadonlyMap<Incarnation, Member["state"]>;
  readonly #ended: ReadonlySet<Incarnation>;
  readonly #termRequests: ReadonlyMap<number, TermRequest>;
  readonly #proposals: ReadonlyMap<number, readonly Asked<InSyncProposals>[]>;
  readonly #removals: ReadonlyMap<number, readonly Asked<InSyncRemovals>[]>;
  #freeMoves = 0;

  /** @param members - of the next topology, the dead ones included. */
  constructor(facts: Facts, options: StepOptions, members: readonly Member[]) {
    this.#facts = facts;
    this.#options = options;
    this.#stateOf = new Map(members.map(({ incarnation, state }) => [incarnation, state]));
    this.#ended = new Set(members.filter(({ ended }) => ended).map((each) => each.incarnation));
    this.#termRequests = new Map(facts.termRequests.map((each) => [each.partition, each]));
    this.#proposals = byPartition(facts.proposals);
    this.#removals = byPartition(facts.removals);
  }

  /** The partition without its dead; whoever may still be promoted is in its in-sync set. */
  withoutDead(number: number, partition: Partition): Partition {
    const { owner, moveTo, backups, inSync } = partition;
    if (this.#isOpen(partition)) return partition;
    const { fenced } = this.#facts;
    const died = owner !== undefined && this.#isDead(owner);
    const unfenced = died ? [...new Set([...partition.unfenced, owner])] : partition.unfenced;
    const next: Partition = {
      ...partition,
      moveTo: moveTo === undefined || this.#isDead(moveTo) ? undefined : moveTo,
      backups: backups.filter((backup) => !this.#isDead(backup)),
      inSync: inSync.filter((backup) => !this.#isDead(backup)),
      unfenced: unfenced.filter((incarnation) => !fenced.has(incarnation)),
    };
    if (!died) return this.#recovered(number, this.#withoutEnded(next));
    const read = this.#facts.reported.get(owner) ?? 0;
    const mayServe = nextMayServe(partition, this.#ended, read);
    // Whoever is promoted knows what it has promised; anybody else has to wait for all there is.
    const isLost = next.inSync.length === 0;
    const heldBack = isLost && mayServe.length > 0;
    const recoverFrom = isLost ? journalsOf(partition) : partition.recoverFrom;
    const orphan = { ...next, owner: undefined, planned: false, moveTo: undefined };
    return this.#recovered(number, { ...orphan, mayServe, heldBack, recoverFrom });
  }

  /** To be called before `apply`, with the partitions as `withoutDead` has left them. */
  countMoves(partitions: readonly Partition[]): void {
    const moving = [...partitions.entries()].filter(
      ([number, partition]) =>
        partition.moveTo !== undefined && !this.#isReleased(number, partition),
    );
    this.#freeMoves = this.#options.moveBatch - moving.length;
  }

  /**
   * @param before - the partition as it was published.
   * @param partition - the same without its dead.
   * @param wanted - what the plan says.
   */
  apply(number: number, before: Partition, partition: Partition, wanted: Assignment): Partition {
    if (this.#isOpen(before)) return before;
    const asked = this.#withRequests(number, partition);
    const changed = this.#withOwner(number, asked, wanted.owner);
    const next = this.#withBackups(changed, wanted);
    const isSame =
      next.owner === before.owner &&
      next.moveTo === before.moveTo &&
      sameList(next.inSync, before.inSync) &&
      before.backups.every((backup) => next.backups.includes(backup));
    if (isSame && !this.#isRemovalAsked(number, before)) return next;
    const hasNone = next.inSync.length === 0 && next.moveTo === undefined;
    const isNew = next.owner !== before.owner;
    return { ...next, changedEpoch: isNew && hasNone ? 0 : this.#options.nextEpoch };
  }

  #isOpen({ owner, inSync }: Partition): boolean {
    const { absent } = this.#facts;
    if (owner === undefined) return false;
    if (absent.has(owner)) return true;
    const successors = inSync.filter((member) => !this.#isDead(member));
    return (
      this.#isDead(owner) &&
      successors.length > 0 &&
      successors.every((successor) => absent.has(successor))
    );
  }

  #isDead(incarnation: Incarnation): boolean {
    return (this.#stateOf.get(incarnation) ?? "dead") === "dead";
  }

  /** Those of whom it was doubtful whether they serve may be found to have ended. */
  #withoutEnded(partition: Partition): Partition {
    const { heldBack } = partition;
    if (partition.mayServe.length === 0) return partition;
    const mayServe = partition.mayServe.filter((each) => !this.#ended.has(each));
    return { ...partition, mayServe, heldBack: heldBack && mayServe.length > 0 };
  }

  /** One of the journals has been brought back, or none will be waited for any longer. */
  #recovered(number: number, partition: Partition): Partition {
    const { recoverFrom } = partition;
    const { recovered, recoveryOver } = this.#facts;
    const isOver = recoveryOver.has(number) || recoverFrom.some((each) => recovered.has(each));
    return isOver && recoverFrom.length > 0 ? { ...partition, recoverFrom: [] } : partition;
  }

  #isRemovalAsked(number: number, before: Partition): boolean {
    const asked = this.#removals.get(number) ?? [];
    return asked.some(({ request, change }) => isFromOwner(before, request.incarnation, change));
  }

  #withRequests(number: number, partition: Partition): Partition {
    const { absent } = this.#facts;
    const inSync = new Set(partition.inSync);
    let isServing = false;
    for (const { request, change } of this.#removals.get(number) ?? []) {
      if (isFromOwner(partition, request.incarnation, change)) inSync.delete(change.member);
    }
    // A removal ends every proposal that was sent before it, and so those that come with it.
    if (this.#isRemovalAsked(number, partition)) return { ...partition, inSync: [...inSync] };
    for (const { request, change } of this.#proposals.get(number) ?? []) {
      const { member } = change;
      const isAlive = !this.#isDead(member) && !absent.has(member);
      if (!isAlive || !isOpenProposal(partition, request, change)) continue;
      inSync.add(member);
      isServing = true;
    }
    // An owner proposes nobody before it serves, and then nobody before it does.
    const served = isServing ? { mayServe: [], heldBack: false } : {};
    return { ...partition, ...served, inSync: [...inSync] };
  }

  #withOwner(number: number, partition: Partition, wanted: Incarnation | undefined): Partition {
    const { owner, moveTo, inSync } = partition;
    const { absent } = this.#facts;
    if (owner === undefined) {
      // Only those in sync have every acknowledged write, whomever the plan would prefer.
      const candidates = inSync.filter((member) => !absent.has(member));
      const isInSync = wanted !== undefined && candidates.includes(wanted);
      const to = isInSync ? wanted : (candidates[0] ?? wanted);
      return to === undefined ? partition : this.#handOver(number, partition, to, false);
    }
    if (wanted === undefined || wanted === owner) {
      return this.#withTerm(number, { ...partition, moveTo: undefined });
    }
    if (wanted === moveTo && this.#isReleased(number, partition)) {
      return this.#release(number, partition, owner, wanted);
    }
    const moves = wanted === moveTo || this.#beginMove(number);
    return this.#withTerm(number, { ...partition, moveTo: moves ? wanted : undefined });
  }

  /** The owner may have found after its release that the target has not got everything. */
  #isReleased(number: number, { moveTo, term, inSync }: Partition): boolean {
    return (
      moveTo !== undefined && inSync.includes(moveTo) && this.#facts.released.get(number) === term
    );
  }

  /** Moves wait while somebody's fate is open: the plan would be another a moment later. */
  #beginMove(number: number): boolean {
    const { absent, resting } = this.#facts;
    if (this.#freeMoves <= 0 || absent.size > 0 || resting.has(number)) return false;
    this.#freeMoves--;
    return true;
  }

  /** The target has everything, and the owner keeps what it has: it is a backup from now on. */
  #release(number: number, partition: Partition, from: Incarnation, to: Incarnation): Partition {
    const { backups, inSync } = partition;
    const kept = { ...partition, backups: [from, ...backups], inSync: [from, ...inSync] };
    return this.#handOver(number, kept, to, true);
  }

  #handOver(number: number, partition: Partition, to: Incarnation, planned: boolean): Partition {
    const minTerm = this.#termRequests.get(number)?.minTerm ?? 0;
    const term = this.#nextTerm(partition.term, minTerm);
    return {
      ...partition,
      owner: to,
      term,
      planned,
      moveTo: undefined,
      backups: partition.backups.filter((backup) => backup !== to),
      inSync: partition.inSync.filter((backup) => backup !== to),
    };
  }

  /** An owner may ask for a higher term of its own. Nobody is deposed, so nobody is fenced. */
  #withTerm(number: number, partition: Partition): Partition {
    const request = this.#termRequests.get(number);
    if (request === undefined || !needsTerm(partition, request)) return partition;
    const term = this.#nextTerm(partition.term, request.minTerm);
    return { ...partition, term, planned: true };
  }

  #nextTerm(term: number, minTerm: number): number {
    const next = Math.max(term + 1, minTerm, this.#options.termFloor);
    if (next >= MAX_TERM) throw new Error(`term ${next} is beyond the highest possible`);
    return next;
  }

  /** While an owner is to change, its backups stay: the plan's are those of the next owner. */
  #withBackups(partition: Partition, { owner: wanted, backups }: Assignment): Partition {
    const { owner } = partition;
    if (owner === undefined) return partition;
    if (owner !== wanted && partition.backups.length > 0) return partition;
    // The next owner stands in for the present one, which the plan has as a backup by then.
    const planned = backups.flatMap((backup) => {
      if (backup !== owner) return [backup];
      return wanted === undefined ? [] : [wanted];
    });
    return { ...partition, ...nextBackups(partition, planned, this.#facts.absent) };
  }
}

/**
 * In whose journals is what had been acknowledged when nobody is left who was in sync. Owners since an
 * earlier such loss may have had none of it.
 */
function journalsOf({ owner, inSync, recoverFrom }: Partition): readonly Incarnation[] {
  if (recoverFrom.length > 0) return recoverFrom;
  return owner === undefined ? inSync : [owner, ...inSync];
}

/** One change that was asked for, and the request that it is part of. */
interface Asked<Request> {
  readonly request: Request;
  readonly change: InSyncChange;
}

function byPartition<Request extends InSyncRemovals>(
  requests: readonly Request[],
): ReadonlyMap<number, readonly Asked<Request>[]> {
  const asked = new Map<number, Asked<Request>[]>();
  for (const request of requests) {
    for (const change of request.changes) {
      const list = asked.get(change.partition);
      if (list === undefined) asked.set(change.partition, [{ request, change }]);
      else list.push({ request, change });
    }
  }
  return asked;
}

export function samePartition(a: Partition, b: Partition): boolean {
  return (
    a.owner === b.owner &&
    a.term === b.term &&
    a.planned === b.planned &&
    a.moveTo === b.moveTo &&
    a.changedEpoch === b.changedEpoch &&
    a.heldBack === b.heldBack &&
    sameList(a.backups, b.backups) &&
    sameList(a.inSync, b.inSync) &&
    sameList(a.mayServe, b.mayServe) &&
    sameList(a.recoverFrom, b.recoverFrom) &&
    sameList(a.unfenced, b.unfenced)
  );
}

function sameList(a: readonly Incarnation[], b: readonly Incarnation[]): boolean {
  return a.length === b.length && a.every((incarnation, index) => incarnation === b[index]);
}
