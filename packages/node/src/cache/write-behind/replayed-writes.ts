/**
 * Writes that another owner acknowledged, and how they become dirty entries here, under the versions
 * that they have: from its journal, compared with the row first, or from what this node has kept
 * for it as a backup.
 */
import type { Clock, Random } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import type { ReplayOutcome } from "../../journal/record.js";
import { costOf } from "../../store/cost.js";
import type { WriteBehindQueue } from "../../write-behind/queue.js";
import type { AckNeeds } from "../ack-level.js";
import { Batcher } from "../batcher.js";
import type { NodeServices, OperationContext } from "../context.js";
import { withDeadline } from "../deadline.js";
import { expiryOf, type Lifetimes } from "../lifetimes.js";
import type { Loads } from "../loads.js";
import type { Memory } from "../memory.js";
import type { AcknowledgedWrite, Mutation } from "../patterns/pattern.js";
import type { Persister } from "../persister.js";
import type { DirtyWrites } from "./dirty-writes.js";

/**
 * How far this node's clock and the database's may differ: tombstones carry the database's time, writes
 * that of their owner.
 */
const CLOCK_SKEW_MS = 60_000;

/** A page of a journal is replayed at once. */
const QUESTION = { maxItems: 20_000, maxBytes: 1, maxConcurrent: 1, maxWaiting: 20_000 };

/** How long a replay may read the row of its key, in milliseconds. */
const ROW_BUDGET_MS = 500;

/** Most refused replayed writes that are remembered. */
const MAX_PARKED = 10_000;

export interface ReplayedWritesOptions {
  readonly dirtyWrites: DirtyWrites;
  readonly queue: WriteBehindQueue;
  readonly memory: Memory;
  readonly loads: Loads;
  readonly persister: Persister;
  readonly services: NodeServices;
  readonly lifetimes: () => Lifetimes;
  readonly needs: () => AckNeeds;
  readonly clock: Clock;
  readonly random: Random;
}

export class ReplayedWrites {
  readonly #options: ReplayedWritesOptions;
  /** Those that the database refuses, by key: their versions. */
  readonly #parked = new Map<string, number>();
  /** Until when tombstones are gone: asked once for all writes that need to know at one moment. */
  readonly #goneUntil: Batcher<AcknowledgedWrite, number | undefined>;

  constructor(options: ReplayedWritesOptions) {
    this.#options = options;
    this.#goneUntil = new Batcher({
      ...QUESTION,
      bytesOf: () => 0,
      run: async (writes) => {
        const goneUntilMs = await options.persister.tombstonesGoneUntil();
        return writes.map(() => goneUntilMs);
      },
    });
  }

  /** As `Pattern.takeOver`. */
  async takeOver(write: AcknowledgedWrite, context: OperationContext): Promise<ReplayOutcome> {
    const { clock, loads, memory, persister, queue, services } = this.#options;
    const { key, partition, version } = write;
    const { tenure } = context;
    if (this.#parked.get(key) === version) return "persisted";
    const dirty = queue.get(key, partition);
    if (dirty !== undefined && dirty.version >= version) return "pending";
    const held = dirty === undefined ? memory.facts(key) : undefined;
    // A later write that the database refuses does not tell that it has this one.
    if (held?.unpersisted ? held.version === version : held && held.version >= version) {
      return "persisted";
    }

    // Writes of the key wait meanwhile, so it must not take long.
    const deadlineMs = Math.min(context.deadlineMs, clock.monotonic() + ROW_BUDGET_MS);
    const row = await loads.row(key, { tenure, deadlineMs });
    if (!services.mayFinish(tenure)) return "later";
    if (row.version >= version) return "persisted";
    if (tenure.witness(version)) {
      services.raiseTerm(tenure, tenure.requiredTerm);
      return "later";
    }
    if (row.version === 0 && (await this.#mayHaveBeenDeleted(write, deadlineMs))) {
      await persister.park(write, tooOld(write));
      return "persisted";
    }
    // It has waited once more, for how far tombstones are gone.
    if (!services.mayFinish(tenure)) return "later";
    if (!queue.hasRoomFor(costOf(key, write.value))) return "later";
    const mutation = this.#toMutation(write);
    // Whoever replays it keeps its own record until the database has the write.
    memory.keepDirty(mutation);
    this.#add(mutation, write.writtenAtMs);
    return "pending";
  }

  /** As `Pattern.adopt`. */
  adopt(write: AcknowledgedWrite): void {
    const { memory, queue } = this.#options;
    const { key, partition, version, writtenAtMs } = write;
    const held = queue.get(key, partition) ?? memory.facts(key);
    if (held !== undefined && held.version >= version) return;
    const mutation = this.#toMutation(write);
    memory.adoptDirty(mutation);
    this.#add(mutation, writtenAtMs);
  }

  /** So that it is not replayed again and again; whoever forgets it merely parks it once more. */
  noteParked(key: string, version: number): void {
    if (this.#parked.size >= MAX_PARKED) this.#parked.clear();
    this.#parked.set(key, version);
  }

  /**
   * Whether the missing row of a key may have been deleted after a write was made, so that nobody remembers
   * it: an older write is shown to people instead of being brought back. Asked for after the row was found
   * missing, because whoever removes a tombstone records it in the same statement.
   */
  async #mayHaveBeenDeleted(write: AcknowledgedWrite, deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const asked = this.#goneUntil.add(write);
    const goneUntilMs = await withDeadline(asked, clock, deadlineMs, () => new Error("later"));
    return goneUntilMs !== undefined && write.writtenAtMs <= goneUntilMs + CLOCK_SKEW_MS;
  }

  #toMutation(write: AcknowledgedWrite): Mutation {
    const { clock, random, lifetimes } = this.#options;
    const stated = { ttlMs: undefined, writtenAtMs: clock.now(), ownsRows: true };
    const own = expiryOf(stated, lifetimes(), random);
    const { expiresAtMs } = write;
    const copyExpiresAtMs = Math.min(own.copyExpiresAtMs, expiresAtMs ?? Number.POSITIVE_INFINITY);
    return { ...write, rowExpiresAtMs: expiresAtMs, copyExpiresAtMs };
  }

  #add(mutation: Mutation, writtenAtMs: number): void {
    const { dirtyWrites, needs } = this.#options;
    dirtyWrites.add(mutation, { writtenAtMs, isReplayed: true, needs: needs() });
  }
}

function tooOld({ writtenAtMs }: AcknowledgedWrite): DatabaseError {
  const when = new Date(writtenAtMs).toISOString();
  const problem = `made at ${when} and replayed when its tombstone, if it had one, was gone`;
  return new DatabaseError("refused", problem, { fault: "row" });
}
