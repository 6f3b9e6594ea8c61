/**
 * The owner's side of a planned move. The coordinator has published the move and asks this node to
 * let go; the node flushes what is dirty while it still serves, then admits nothing more, finishes
 * what it admitted, drops the partition and says RELEASED. Operations that arrive meanwhile wait.
 *
 * An answer of RELEASED is a promise: the partition is not served here again unless an epoch later
 * than the one named in the request says that this node keeps it. Only the coordinator that got the
 * answer publishes such an epoch, or one that gives the partition away, so there is never a moment
 * with two owners.
 */
import { type Clock, delay, type Logger } from "@holdfast/core";
import type { Ownership } from "../ownership/ownership.js";
import type { Tenure } from "../ownership/tenure.js";
import type { TopologyWatch } from "./topology-watch.js";

/** How long dirty entries may be flushed ahead, while the partitions are still served. */
const FLUSH_AHEAD_MS = 700;

/** How long operations may be held up; after that the node goes on serving and answers BUSY. */
const HOLD_MS = 500;

/** How often to look whether the last writes have ended. */
const POLL_MS = 5;

export type ReleaseStatus = "REFUSED" | "RELEASED" | "BUSY";

export interface PartitionContents {
  /** Resolves when nothing of these partitions is dirty, or at the deadline. */
  flush(partitions: ReadonlySet<number>, deadlineMs: number): Promise<void>;
  /** Acknowledged entries of the partition that the database does not have yet. */
  dirtyEntries(partition: number): number;
  /** Forgets everything of the partition. */
  drop(partition: number): void;
}

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

export class Releases {
  readonly #ownership: Ownership;
  readonly #topology: TopologyWatch;
  readonly #contents: PartitionContents;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(
    ownership: Ownership,
    topology: TopologyWatch,
    contents: PartitionContents,
    clock: Clock,
    logger: Logger,
  ) {
    this.#ownership = ownership;
    this.#topology = topology;
    this.#contents = contents;
    this.#clock = clock;
    this.#logger = logger;
  }

  async release(demand: ReleaseDemand): Promise<ReleaseOutcome[]> {
    await this.#topology.waitFor(demand.epoch, this.#clock.monotonic() + HOLD_MS);
    const tenures = new Map<number, Tenure>();
    for (const { partition, term } of demand.partitions) {
      const tenure = this.#movable(demand, partition, term);
      if (tenure !== undefined) tenures.set(partition, tenure);
    }
    const serving = [...tenures.values()].filter(({ state }) => state.at === "serving");
    await this.#contents.flush(
      new Set(serving.map(({ partition }) => partition)),
      this.#clock.monotonic() + FLUSH_AHEAD_MS,
    );
    await this.#finish(demand.epoch, serving);
    const outcomes = demand.partitions.map(({ partition, term }) =>
      this.#outcome(demand.epoch, partition, term, tenures.get(partition)),
    );
    this.#logger.debug({ epoch: demand.epoch, outcomes: outcomes.length }, "release answered");
    return outcomes;
  }

  /** The tenure, when the topology of exactly the named epoch shows that it is to move. */
  #movable(demand: ReleaseDemand, partition: number, term: number): Tenure | undefined {
    const { topology, incarnation } = this.#ownership;
    const tenure = this.#ownership.tenureOf(partition);
    if (topology?.epoch !== demand.epoch || demand.incarnation !== incarnation) return undefined;
    const shown = topology.partitions[partition];
    if (shown?.owner !== incarnation || shown.term !== term || shown.moveTo === undefined) {
      return undefined;
    }
    return tenure?.state.at === "ended" ? undefined : tenure;
  }

  async #finish(epoch: number, tenures: readonly Tenure[]): Promise<void> {
    const open = new Set<Tenure>();
    for (const tenure of tenures) {
      // The topology may have moved on during the flush.
      if (tenure.state.at !== "serving" || this.#ownership.epoch !== epoch) continue;
      this.#ownership.beginRelease(tenure);
      open.add(tenure);
    }
    const deadlineMs = this.#clock.monotonic() + HOLD_MS;
    const partitions = new Set([...open].map(({ partition }) => partition));
    const flushed = this.#contents.flush(partitions, deadlineMs);
    while (open.size > 0 && this.#clock.monotonic() < deadlineMs) {
      for (const tenure of open) if (this.#tryFinish(tenure, epoch)) open.delete(tenure);
      if (open.size > 0) await delay(this.#clock, POLL_MS);
    }
    for (const tenure of open) this.#ownership.resume(tenure);
    await flushed;
  }

  /** Whether the tenure needs no more waiting: it has been released, or is not ours to release. */
  #tryFinish(tenure: Tenure, epoch: number): boolean {
    if (tenure.state.at !== "releasing") return true;
    if (tenure.writesInFlight > 0) return false;
    if (this.#contents.dirtyEntries(tenure.partition) > 0) return false;
    if (this.#ownership.epoch !== epoch) {
      this.#ownership.resume(tenure);
      return true;
    }
    this.#contents.drop(tenure.partition);
    this.#ownership.finishRelease(tenure, epoch);
    return true;
  }

  #outcome(
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
}
