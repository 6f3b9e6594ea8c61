/**
 * What the leader knows when it takes a step (reconcile.ts), and what it may do in one.
 */
import type { Incarnation, Partition } from "@holdfast/core";
import { type MemberFacts, nextMembers, sameMembers } from "../state/members.js";
import type { InSyncProposals, InSyncRemovals } from "./in-sync.js";

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
  /** What owners ask of in-sync sets. */
  readonly proposals: readonly InSyncProposals[];
  readonly removals: readonly InSyncRemovals[];
  /** The highest epoch that each incarnation is known to have read. */
  readonly reported: ReadonlyMap<Incarnation, number>;
  /** Incarnations of whose journals nothing is left to be replayed. */
  readonly recovered: ReadonlySet<Incarnation>;
  /** Partitions that have waited long enough for the journals of those who had them before. */
  readonly recoveryOver: ReadonlySet<number>;
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
  /** Backups of each partition, 0 to 2; fewer where there are not enough nodes. */
  readonly backups: number;
  /** The epoch of the topology that this step leads to. */
  readonly nextEpoch: number;
}

/**
 * Whether two sets of facts ask for the same step from the same topology. It says so only of quiet
 * ones, in which nothing is under way: members write their records again for reasons that mean
 * nothing here, and in a large cluster a step is not cheap.
 */
export function sameQuietFacts(a: Facts, b: Facts): boolean {
  return (
    isQuiet(a) &&
    isQuiet(b) &&
    sameSet(a.ended, b.ended) &&
    sameSet(a.recovered, b.recovered) &&
    sameMembers(nextMembers([], a), nextMembers([], b))
  );
}

function sameSet(a: ReadonlySet<Incarnation>, b: ReadonlySet<Incarnation>): boolean {
  return a.size === b.size && [...a].every((each) => b.has(each));
}

function isQuiet(facts: Facts): boolean {
  const { dead, absent, fenced, released, resting, recoveryOver } = facts;
  const { termRequests, proposals, removals } = facts;
  const sizes = [dead, absent, fenced, released, resting, recoveryOver].map(({ size }) => size);
  const requests = [termRequests, proposals, removals].map(({ length }) => length);
  return [...sizes, ...requests].every((size) => size === 0);
}

/** Whether a request for a term still waits to be granted. */
export function needsTerm(partition: Partition, request: TermRequest): boolean {
  const { owner, term } = partition;
  return owner === request.incarnation && (term <= request.term || term < request.minTerm);
}
