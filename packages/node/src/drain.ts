/**
 * What a node does before it leaves: others take over and back up what it owned and backed up, and
 * the database gets what is dirty. It begins once, whoever asks for it and however often.
 *
 *     draining ──► owns and backs up nothing ──► nothing dirty ──► done
 *
 * Where there is nobody to hand over to, it flushes all the same, once nobody hands over to it any more; at
 * the deadline it is done with whatever there is.
 */
import { delay } from "@holdfast/core";
import type { DrainProgress } from "@holdfast/proto";
import type { NodeInputs, NodeParts } from "./node-parts.js";

const POLL_MS = 25;

/**
 * How long it waits for a leader, for its own lease, and for what it may not serve yet because a former
 * owner might, before it goes on without. What it has of such a partition stays in its journal.
 */
const HELPLESS_MS = 5_000;

export class Drain {
  readonly #inputs: NodeInputs;
  readonly #parts: NodeParts;
  #deadlineMs: number | undefined;
  #handingOver: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;

  constructor(inputs: NodeInputs, parts: NodeParts) {
    this.#inputs = inputs;
    this.#parts = parts;
  }

  /** Monotonic instant at which it ends. */
  get deadlineMs(): number {
    const { clock, options } = this.#inputs;
    this.#deadlineMs ??= clock.monotonic() + options.drainTimeoutMs;
    return this.#deadlineMs;
  }

  get progress(): DrainProgress {
    const { ownership, caches, journalReplay } = this.#parts;
    return {
      ownedPartitions: [...ownership.tenures()].length,
      backedUpPartitions: this.#backedUp,
      dirtyEntries: caches.dirtyEntries,
      recordsToReplay: journalReplay?.remaining ?? 0,
    };
  }

  /** Resolves when others own and back up what this node did, or at the deadline. */
  handOver(): Promise<void> {
    this.#handingOver ??= this.#handOver();
    return this.#handingOver;
  }

  /** As `handOver`, and then until nothing is dirty. The node goes on answering meanwhile. */
  run(): Promise<void> {
    this.#flushing ??= this.#run();
    return this.#flushing;
  }

  async #run(): Promise<void> {
    const { caches, journalReplay } = this.#parts;
    await this.handOver();
    await caches.flushAll(this.deadlineMs);
    await journalReplay?.finish(this.deadlineMs);
  }

  async #handOver(): Promise<void> {
    const { clock } = this.#inputs;
    const { membership, presence } = this.#parts;
    const { deadlineMs } = this;
    membership.amend({ state: "draining" });
    presence.refresh();
    let untilMs = deadlineMs;
    while (this.#hasToWait && clock.monotonic() < untilMs) {
      if (this.#canMove && this.#isMoving) untilMs = deadlineMs;
      else untilMs = Math.min(untilMs, clock.monotonic() + HELPLESS_MS);
      await delay(clock, POLL_MS);
    }
  }

  get #hasToWait(): boolean {
    return this.#isMoving || this.#isReceiving;
  }

  /** Whether others take over from this node, or it from others: nothing new is planned for one that leaves. */
  get #isMoving(): boolean {
    const { ownership, topology } = this.#parts;
    const partitions = topology.topology?.partitions ?? [];
    const isTarget = partitions.some(({ moveTo }) => moveTo === ownership.incarnation);
    return isTarget || (this.#isNeeded && this.#hasOthers);
  }

  /** Whether it will be an owner in a moment, who would have flushed before it had anything to flush. */
  get #isReceiving(): boolean {
    return [...this.#parts.ownership.tenures()].some(({ state }) => state.at === "waiting");
  }

  /** Whether anything would be missing without this node. */
  get #isNeeded(): boolean {
    const [tenure] = this.#parts.ownership.tenures();
    return tenure !== undefined || this.#backedUp > 0;
  }

  get #hasOthers(): boolean {
    const { ownership, topology } = this.#parts;
    const members = topology.topology?.members ?? [];
    return members.some(
      ({ state, incarnation }) => state === "active" && incarnation !== ownership.incarnation,
    );
  }

  /** Without a leader there is nobody to ask, and without its lease nothing that it may hand over. */
  get #canMove(): boolean {
    const { topology, right } = this.#parts;
    return topology.coordinatorAddress !== "" && right.isRegistered;
  }

  get #backedUp(): number {
    const { ownership, topology } = this.#parts;
    const { incarnation } = ownership;
    const partitions = topology.topology?.partitions ?? [];
    return partitions.filter(
      ({ owner, backups, inSync }) =>
        owner !== incarnation && (backups.includes(incarnation) || inSync.includes(incarnation)),
    ).length;
  }
}
