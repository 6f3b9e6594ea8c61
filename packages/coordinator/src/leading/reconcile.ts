/**
 * One step from the present topology towards the desired one: who died is replaced, what was
 * released changes hands, new terms are given, fences are taken note of, and as many moves as are
 * allowed at once are begun. Pure: the session (leader-session.ts) collects the facts and publishes.
 *
 * A partition whose owner is absent, without being known to be dead, is left exactly as it is.
 */
import { type Incarnation, MAX_TERM, type Partition, type Topology } from "@holdfast/core";
import { desiredAssignment } from "../planning/desired.js";
import type { RingBuilder } from "../planning/ring.js";
import { type MemberFacts, nextMembers, sameMembers, withoutForgotten } from "../state/members.js";

export interface TermRequest {
  readonly partition: number;
  /** The owner that asks. */
  readonly incarnation: Incarnation;
  /** The term that it has, and the least that it needs. */
  readonly term: number;
  readonly minTerm: number;
}

export interface Facts extends MemberFacts {
  /** Members whose registration is missing and whose death is not established. */
  readonly absent: ReadonlySet<Incarnation>;
  /** Incarnations that can no longer write to the database. */
  readonly fenced: ReadonlySet<Incarnation>;
  readonly termRequests: readonly TermRequest[];
  /** From partition to the term at which its owner released it, naming this very epoch. */
  readonly released: ReadonlyMap<number, number>;
  /** Partitions that shall not begin to move now. */
  readonly resting: ReadonlySet<number>;
}

export interface StepOptions {
  /** Most moves that are under way at once. */
  readonly moveBatch: number;
  /** Least term for a new owner; above 1 when terms are known to have been lost. */
  readonly termFloor: number;
}

export interface Step {
  /** Epoch and write token are still those of the topology before. */
  readonly topology: Topology;
  readonly changed: boolean;
  /** Whether operations wait for it: a partition changes its owner, its term, or is taken back. */
  readonly urgent: boolean;
  /** Members that it declares dead: the publish must check that they are still not registered. */
  readonly died: readonly Incarnation[];
}

/** A topology before its first publish: nobody has anything. */
export function emptyTopology(partitions: number): Topology {
  const nobody: Partition = {
    owner: undefined,
    term: 0,
    planned: false,
    backups: [],
    inSync: [],
    moveTo: undefined,
    recoverFrom: [],
    unfenced: [],
  };
  return {
    epoch: 0,
    writeToken: "",
    members: [],
    partitions: Array.from({ length: partitions }, () => nobody),
  };
}

export function reconcile(
  before: Topology,
  facts: Facts,
  options: StepOptions,
  rings: RingBuilder,
): Step {
  const members = nextMembers(before.members, facts);
  const stateOf = new Map(members.map(({ incarnation, state }) => [incarnation, state]));
  const isDead = (incarnation: Incarnation) => (stateOf.get(incarnation) ?? "dead") === "dead";
  const replaced = before.partitions.map((partition) =>
    withoutDeadOwner(partition, isDead, facts.fenced),
  );
  const { absent } = facts;
  const desired = desiredAssignment({ members, partitions: replaced, absent }, rings);

  const changes = new PartitionChanges(facts, options, replaced);
  const partitions = replaced.map((partition, number) => {
    const wanted = desired[number]?.owner;
    const next = changes.apply(number, partition, wanted);
    const present = before.partitions[number];
    return present !== undefined && samePartition(next, present) ? present : next;
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
    urgent: changedPartitions.some(
      (number) =>
        partitions[number]?.owner !== before.partitions[number]?.owner ||
        partitions[number]?.term !== before.partitions[number]?.term ||
        facts.released.has(number),
    ),
    died,
  };
}

/** A dead owner leaves the partition to nobody, and is remembered until it is fenced off. */
function withoutDeadOwner(
  partition: Partition,
  isDead: (incarnation: Incarnation) => boolean,
  fenced: ReadonlySet<Incarnation>,
): Partition {
  const { owner } = partition;
  const died = owner !== undefined && isDead(owner);
  const unfenced = died ? [...new Set([...partition.unfenced, owner])] : partition.unfenced;
  return {
    ...partition,
    owner: died ? undefined : owner,
    planned: died ? false : partition.planned,
    moveTo:
      partition.moveTo === undefined || isDead(partition.moveTo) ? undefined : partition.moveTo,
    backups: partition.backups.filter((backup) => !isDead(backup)),
    inSync: partition.inSync.filter((backup) => !isDead(backup)),
    unfenced: unfenced.filter((incarnation) => !fenced.has(incarnation)),
  };
}

/** What happens to each partition; counts the moves that are under way. */
class PartitionChanges {
  readonly #facts: Facts;
  readonly #options: StepOptions;
  readonly #termRequests: ReadonlyMap<number, TermRequest>;
  #freeMoves: number;

  constructor(facts: Facts, options: StepOptions, partitions: readonly Partition[]) {
    this.#facts = facts;
    this.#options = options;
    this.#termRequests = new Map(facts.termRequests.map((each) => [each.partition, each]));
    const moving = [...partitions.entries()].filter(
      ([number, { moveTo }]) => moveTo !== undefined && !facts.released.has(number),
    );
    this.#freeMoves = options.moveBatch - moving.length;
  }

  apply(number: number, partition: Partition, wanted: Incarnation | undefined): Partition {
    const { owner, moveTo, term } = partition;
    const { absent, released } = this.#facts;
    if (owner !== undefined && absent.has(owner)) return partition;
    if (owner === undefined) {
      if (wanted === undefined) return partition;
      return this.#handOver(number, partition, { to: wanted, planned: false });
    }
    if (wanted === undefined || wanted === owner) {
      return this.#withTerm(number, { ...partition, moveTo: undefined });
    }
    if (wanted === moveTo && released.get(number) === term) {
      return this.#handOver(number, partition, { to: wanted, planned: true });
    }
    const moves = wanted === moveTo || this.#beginMove(number);
    return this.#withTerm(number, { ...partition, moveTo: moves ? wanted : undefined });
  }

  /** Moves wait while somebody's fate is open: the plan would be another a moment later. */
  #beginMove(number: number): boolean {
    const { absent, resting } = this.#facts;
    if (this.#freeMoves <= 0 || absent.size > 0 || resting.has(number)) return false;
    this.#freeMoves--;
    return true;
  }

  #handOver(
    number: number,
    partition: Partition,
    { to, planned }: { readonly to: Incarnation; readonly planned: boolean },
  ): Partition {
    const minTerm = this.#termRequests.get(number)?.minTerm ?? 0;
    const term = this.#nextTerm(partition.term, minTerm);
    return {
      ...partition,
      owner: to,
      term,
      planned,
      moveTo: undefined,
      backups: partition.backups.filter((backup) => backup !== to),
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
}

/**
 * Whether two sets of facts ask for the same step from the same topology. It says so only of quiet
 * ones, in which nothing is under way: members write their records again for reasons that mean
 * nothing here, and in a large cluster a step is not cheap.
 */
export function sameQuietFacts(a: Facts, b: Facts): boolean {
  return isQuiet(a) && isQuiet(b) && sameMembers(nextMembers([], a), nextMembers([], b));
}

function isQuiet({ dead, absent, fenced, termRequests, released, resting }: Facts): boolean {
  const sizes = [dead, absent, fenced, released, resting].map(({ size }) => size);
  return termRequests.length === 0 && sizes.every((size) => size === 0);
}

/** Whether a request for a term still waits to be granted. */
export function needsTerm(partition: Partition, request: TermRequest): boolean {
  const { owner, term } = partition;
  return owner === request.incarnation && (term <= request.term || term < request.minTerm);
}

function samePartition(a: Partition, b: Partition): boolean {
  return (
    a.owner === b.owner &&
    a.term === b.term &&
    a.planned === b.planned &&
    a.moveTo === b.moveTo &&
    sameList(a.backups, b.backups) &&
    sameList(a.inSync, b.inSync) &&
    sameList(a.recoverFrom, b.recoverFrom) &&
    sameList(a.unfenced, b.unfenced)
  );
}

function sameList(a: readonly Incarnation[], b: readonly Incarnation[]): boolean {
  return a.length === b.length && a.every((incarnation, index) => incarnation === b[index]);
}
