/**
 * What a client tells of itself: one plain object, put together from what its parts count.
 */
import type { LoadCounts, Loads } from "./cache/loads.js";
import type { Flight } from "./calls/flight.js";
import type { RetryBudget } from "./calls/retry-budget.js";
import type { OperationStats, Tally } from "./calls/tally.js";
import type { MemberState, Members } from "./routing/members.js";
import type { Router } from "./routing/router.js";

/** A snapshot. Counts begin with the client and never go back. */
export interface ClientStats {
  /** Operations that have ended, by kind, such as `GET` and `SET`. Each key of a `getMany` is one. */
  readonly operations: Readonly<Record<string, OperationStats>>;
  /** At this moment; `bytes` of keys and values, before compression. */
  readonly inFlight: { readonly operations: number; readonly bytes: number };
  readonly retries: {
    /** Operations tried again after a wait, as often as they were. */
    readonly made: number;
    /** Those of them that were paid for: a node had answered `OVERLOADED`. */
    readonly paid: number;
    /** Operations that failed because the budget had nothing left for a retry. */
    readonly refused: number;
    /** Retries that the budget has left. */
    readonly left: number;
  };
  /** Times an operation went to the owner that another node had named. */
  readonly redirects: number;
  readonly batches: {
    /** Messages with operations that were sent to nodes. */
    readonly sent: number;
    /** Operations in them: divided by `sent`, how many share a message. */
    readonly operations: number;
  };
  readonly replies: {
    readonly received: number;
    /** Nobody waited for them: they came after the deadline or an abort, or answer nothing that was asked. */
    readonly unclaimed: number;
  };
  readonly connections: {
    /** Connections on which a node has answered. */
    readonly opened: number;
    /** Those of them to a run of a node that there had been one to before. */
    readonly reopened: number;
    /** Connections that could not be opened, or broke; not those that a node ended in order to stop. */
    readonly failed: number;
  };
  /** Runs of nodes that operations went to, and which the client has not given up. */
  readonly nodes: readonly MemberState[];
  /** Loads of `getOrLoad`. */
  readonly loads: LoadCounts;
  /** Of the topology that operations are routed by. */
  readonly epoch: number;
}

export interface StatsParts {
  readonly budget: RetryBudget;
  readonly tally: Tally;
  readonly flight: Flight;
  readonly loads: Loads;
  readonly members: Members;
  readonly router: Router;
}

export function clientStats(parts: StatsParts): ClientStats {
  const { budget, tally, flight, loads, members, router } = parts;
  const { traffic } = members;
  return {
    operations: tally.snapshot(),
    inFlight: { operations: flight.operations, bytes: flight.bytes },
    retries: {
      made: tally.retries,
      paid: budget.spent,
      refused: budget.refused,
      left: budget.left,
    },
    redirects: tally.redirects,
    batches: { sent: traffic.batches, operations: traffic.operations },
    replies: { received: traffic.replies, unclaimed: traffic.replies - tally.answered },
    connections: { ...members.counts },
    nodes: members.states(),
    loads: loads.counts,
    epoch: router.epoch,
  };
}
