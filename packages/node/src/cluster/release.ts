/**
 * The owner's side of a planned move. The coordinator has published the move, and that its target is in
 * sync, and asks this node to let go. The node does so if the target has everything there is, clean
 * entries too: it admits nothing more, finishes what it admitted, and says RELEASED. Operations that
 * arrive meanwhile wait.
 *
 * An answer of RELEASED is a promise: the partition is not served here again unless an epoch later
 * than the one named in the request says that this node keeps it. Only the coordinator that got the
 * answer publishes such an epoch, or one that gives the partition away, so there is never a moment
 * with two owners.
 */
import { type Clock, delay, type Incarnation, type Logger } from "@holdfast/core";
import type { Ownership } from "../ownership/ownership.js";
import type { Tenure } from "../ownership/tenure.js";
import type { TopologyWatch } from "./topology-watch.js";

/** How long operations may be held up; after that the node goes on serving and answers BUSY. */
const HOLD_MS = 500;

/** How often to look whether the last writes have ended. */
const POLL_MS = 1;

export type ReleaseStatus = "REFUSED" | "RELEASED" | "BUSY";

/** Whether the target of a move has everything there is of the partition. */
export type IsThrough = (partition: number, target: Incarnation) => boolean;

export interface ReleaseDemand {
  readonly epoch: number;
  readonly incarnation: string;
  readonly partitions: readonly { readonly partition: number; readonly term: number }[];
}

export interface ReleaseOutcome {
  readonly partition: number;
  readonly term: number;
  readonly status: ReleaseStatus;
  readonly sequence: number;
}

interface Move {
  readonly tenure: Tenure;
  readonly target: Incarnation;
}

export class Releases {
  readonly #ownership: Ownership;
  readonly #topology: Pick<TopologyWatch, "waitFor">;
  readonly #isThrough: IsThrough;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(
    ownership: Ownership,
    topology: Pick<TopologyWatch, "waitFor">,
    isThrough: IsThrough,
    clock: Clock,
    logger: Logger,
  ) {
    this.#ownership = ownership;
    this.#topology = topology;
    this.#isThrough = isThrough;
    this.#clock = clock;
    this.#logger = logger;
  }

  async release(demand: ReleaseDemand): Promise<ReleaseOutcome[]> {
    await this.#topology.waitFor(demand.epoch, this.#clock.monotonic() + HOLD_MS);
    const moves = new Map<number, Move>();
    for (const { partition, term } of demand.partitions) {
      const move = this.#moveOf(demand, partition, term);
      if (move !== undefined) moves.set(partition, move);
    }
    await this.#finish(demand.epoch, [...moves.values()]);
    const outcomes = demand.partitions.map(({ partition, term }) =>
      outcomeOf(demand.epoch, partition, term, moves.get(partition)?.tenure),
    );
    this.#logger.debug({ epoch: demand.epoch, outcomes: outcomes.length }, "release answered");
    return outcomes;
  }

  /** The move, when the topology of exactly the named epoch shows it, with its target in sync. */
  #moveOf(demand: ReleaseDemand, partition: number, term: number): Move | undefined {
    const { topology, incarnation } = this.#ownership;
    const tenure = this.#ownership.tenureOf(partition);
    if (topology?.epoch !== demand.epoch || demand.incarnation !== incarnation) return undefined;
    const shown = topology.partitions[partition];
    if (shown?.owner !== incarnation || shown.term !== term) return undefined;
    const { moveTo: target, inSync } = shown;
    if (target === undefined || !inSync.includes(target)) return undefined;
    return tenure === undefined || tenure.state.at === "ended" ? undefined : { tenure, target };
  }

  async #finish(epoch: number, moves: readonly Move[]): Promise<void> {
    const open = new Set<Move>();
    for (const move of moves) {
      const { tenure, target } = move;
      // Before that it would be a long wait: nothing is held up for it.
      if (tenure.state.at !== "serving" || !this.#isThrough(tenure.partition, target)) continue;
      this.#ownership.beginRelease(tenure);
      open.add(move);
    }
    const deadlineMs = this.#clock.monotonic() + HOLD_MS;
    while (open.size > 0 && this.#clock.monotonic() < deadlineMs) {
      for (const move of open) if (this.#tryFinish(move, epoch)) open.delete(move);
      if (open.size > 0) await delay(this.#clock, POLL_MS);
    }
    for (const { tenure } of open) this.#ownership.resume(tenure);
  }

  /** Whether the tenure needs no more waiting: it has been released, or is not ours to release. */
  #tryFinish({ tenure, target }: Move, epoch: number): boolean {
    if (tenure.state.at !== "releasing") return true;
    if (this.#ownership.epoch !== epoch) {
      this.#ownership.resume(tenure);
      return true;
    }
    if (tenure.writesInFlight > 0 || !this.#isThrough(tenure.partition, target)) return false;
    this.#ownership.finishRelease(tenure, epoch);
    return true;
  }
}

function outcomeOf(
  epoch: number,
  partition: number,
  term: number,
  tenure: Tenure | undefined,
): ReleaseOutcome {
  if (tenure === undefined) return { partition, term, status: "REFUSED", sequence: 0 };
  const { state, sequence } = tenure;
  const released = state.at === "released" && state.epoch === epoch;
  return { partition, term, status: released ? "RELEASED" : "BUSY", sequence };
}
