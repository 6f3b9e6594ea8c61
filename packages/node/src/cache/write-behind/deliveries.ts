/**
 * Waiting for the database: for a write that is acknowledged when the database has it, for the holder
 * of a receipt, who may ask long after the write and another owner than the one that took it, and for
 * whoever asks for a flush. Waiting neither keeps a partition from moving nor goes with it: who waits is
 * told, and asks the next owner.
 */
import { CacheError, type Clock, termOf } from "@holdfast/core";
import { DatabaseError, type WriteBehindAck } from "@holdfast/process";
import type { Source } from "../../database/source.js";
import { PartitionMovingError } from "../../ownership/ownership.js";
import type { DirtyEntry } from "../../write-behind/dirty-entry.js";
import type { WriteBehindQueue } from "../../write-behind/queue.js";
import { needsOf } from "../ack-level.js";
import type { NodeServices, OperationContext } from "../context.js";
import type { Loads } from "../loads.js";
import { type FlushReport, NOTHING_DIRTY, type Survival } from "../patterns/pattern.js";
import type { ReceiptFate, Receipts, WrittenName } from "./receipts.js";

/** How often the row is looked at again while nothing of the key is dirty here, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

/** Share of its time that a slowed writer does not wait for the database, so that it gets its answer. */
const ANSWER_SHARE = 0.2;

/** How often a slowed writer looks whether its partition is about to move, in milliseconds. */
const SLOWED_STEP_MS = 100;

export interface DeliveriesOptions {
  readonly receipts: Receipts;
  readonly queue: WriteBehindQueue;
  readonly source: Source;
  readonly loads: Loads;
  readonly services: NodeServices;
  readonly ack: () => WriteBehindAck;
  readonly clock: Clock;
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  /** Entries whose writers are told what the database says, and have no acknowledgement yet. */
  readonly #awaited = new WeakSet<DirtyEntry>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the database has an entry, or a later write of its key.
   *
   * @throws {CacheError} `DEAD_LETTER`; `OUTCOME_UNKNOWN` when the partition changes its owner before.
   */
  async delivered(entry: DirtyEntry): Promise<Survival> {
    this.#awaited.add(entry);
    const fate = await this.#fateOf(entry);
    if (fate === "parked") throw deadLetter();
    if (fate === "dropped") throw changedOwner();
    return "whole";
  }

  /** As `delivered`, but after most of the writer's time what its own level asks for is enough. */
  async slowed(
    entry: DirtyEntry,
    survives: Promise<Survival> | undefined,
    { tenure, deadlineMs }: OperationContext,
  ): Promise<Survival> {
    const { clock } = this.#options;
    // Nobody waits for it when the database is faster.
    survives?.catch(() => {});
    const untilMs = deadlineMs - (deadlineMs - clock.monotonic()) * ANSWER_SHARE;
    const withdraw = this.#options.queue.demand();
    this.#awaited.add(entry);
    try {
      // A partition that is to move does not wait: moving may be what relieves this node.
      const isHeld = () => tenure.state.at === "serving" && entry.at !== "left";
      while (clock.monotonic() < untilMs && isHeld()) {
        const stepMs = Math.min(untilMs, clock.monotonic() + SLOWED_STEP_MS);
        if (await this.#leaves(entry, stepMs)) return "whole";
      }
    } catch (error) {
      // It has its version: it must not be taken for a write that may be made elsewhere.
      throw error instanceof PartitionMovingError ? changedOwner() : error;
    } finally {
      withdraw();
    }
    this.#awaited.delete(entry);
    return survives ?? "whole";
  }

  /** Whether the writer of an entry has no acknowledgement, and is told if the database refuses it. */
  isAwaited(entry: DirtyEntry): boolean {
    return this.#awaited.has(entry);
  }

  /** As `Pattern.persisted`. */
  async persisted(name: WrittenName, context: OperationContext): Promise<boolean> {
    const { clock, queue } = this.#options;
    const { deadlineMs } = context;
    for (;;) {
      const newest = queue.get(name.key, name.partition);
      // A later write of the key says nothing about this one, unless the database does not have it.
      const isKnown = newest?.version === name.version;
      if (!isKnown && (await this.#isInDatabase(name, context))) return true;
      const lookAgainMs = this.#isDirty(name) ? deadlineMs : clock.monotonic() + LOOK_AGAIN_MS;
      if (await this.#leaves(name, Math.min(deadlineMs, lookAgainMs))) return true;
      if (clock.monotonic() >= deadlineMs) return false;
    }
  }

  /**
   * Sends the newest write of a key now, and waits for it. What is not dirty is in the database, or
   * has been refused, as far as this owner knows.
   *
   * @throws {PartitionMovingError}
   */
  async flushKey(key: string, { tenure, deadlineMs }: OperationContext): Promise<FlushReport> {
    const { queue } = this.#options;
    const entry = queue.get(key, tenure.partition);
    if (entry === undefined) return NOTHING_DIRTY;
    const withdraw = queue.demand();
    queue.hasten(entry);
    try {
      const hasLeft = await this.#leaves(entry, deadlineMs);
      return { ...NOTHING_DIRTY, ...(hasLeft ? { persisted: 1 } : { dirty: 1, dirtyKeys: [key] }) };
    } catch (error) {
      const isRefused = error instanceof CacheError && error.code === "DEAD_LETTER";
      if (isRefused) return { ...NOTHING_DIRTY, refused: 1, refusedKeys: [key] };
      throw error;
    } finally {
      withdraw();
    }
  }

  /** Sends everything that is dirty now, and waits for it. */
  async flushAll(deadlineMs: number): Promise<FlushReport> {
    const { queue } = this.#options;
    const run = await queue.flushPresent(deadlineMs);
    return {
      persisted: run.counts.persisted,
      refused: run.counts.parked,
      dirty: run.left,
      moved: run.counts.dropped,
      refusedKeys: run.parkedKeys,
      dirtyKeys: run.left === 0 ? [] : run.keysOf(queue.all()),
    };
  }

  #isDirty({ key, partition, version }: WrittenName): boolean {
    return (this.#options.queue.get(key, partition)?.version ?? 0) >= version;
  }

  /** Waits for the write to leave the queue; returns whether it did before that. */
  #leaves(name: WrittenName, untilMs: number): Promise<boolean> {
    const { receipts, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const cancelWait = receipts.wait(name, (fate) => {
        cancelTimer();
        try {
          resolve(isPersisted(fate, name));
        } catch (error) {
          reject(error);
        }
      });
      const cancelTimer = clock.after(Math.max(0, untilMs - clock.monotonic()), () => {
        cancelWait();
        resolve(false);
      });
    });
  }

  /** @throws {CacheError} `DEAD_LETTER`, `WRITE_LOST` when the database will never have it. */
  async #isInDatabase(name: WrittenName, context: OperationContext): Promise<boolean> {
    // What comes and goes while the row is read, as a replayed write may, does not show in it.
    const fates: ReceiptFate[] = [];
    const cancel = this.#options.receipts.wait(name, (fate) => fates.push(fate));
    try {
      if ((await this.#rowVersion(name, context)) >= name.version) return true;
      const failure =
        this.#isDirty(name) || fates.length > 0 ? undefined : await this.#givenUp(name, context);
      const [fate] = fates;
      if (fate !== undefined) return isPersisted(fate, name);
      if (failure !== undefined && !this.#isDirty(name)) throw failure;
      return false;
    } finally {
      cancel();
    }
  }

  async #rowVersion({ key }: WrittenName, context: OperationContext): Promise<number> {
    const { loads, services } = this.#options;
    const { tenure, deadlineMs } = context;
    const row = await loads.row(key, { tenure, deadlineMs });
    // What a former owner finds out says nothing about what has become of the write since.
    if (tenure.state.at !== "serving") throw new PartitionMovingError(tenure.partition);
    if (!services.mayFinish(tenure)) {
      throw new CacheError("UNAVAILABLE", "this node lost its right to serve; ask again");
    }
    return row.version;
  }

  /** Why the database will never have a write; `undefined`: it may. */
  async #givenUp(
    { key, version }: WrittenName,
    { ack: asked, tenure }: OperationContext,
  ): Promise<CacheError | undefined> {
    const { source, ack } = this.#options;
    const isRefused = await source.isDeadLetter(key, version).catch((error: unknown) => {
      if (!(error instanceof DatabaseError)) throw error;
      throw new CacheError("UNAVAILABLE", error.message, { cause: error });
    });
    if (isRefused) return deadLetter();
    const { journal, backup, database } = needsOf(ack(), asked);
    if (journal || backup || database) return undefined;
    // Its owner had it in memory, and had to have it nowhere else.
    return termOf(version) < tenure.term ? lost() : undefined;
  }

  #fateOf(name: WrittenName): Promise<ReceiptFate> {
    return new Promise((resolve) => this.#options.receipts.wait(name, resolve));
  }
}

/** @throws {CacheError} `DEAD_LETTER`. @throws {PartitionMovingError} when another node has it. */
function isPersisted(fate: ReceiptFate, { partition }: WrittenName): true {
  if (fate === "parked") throw deadLetter();
  if (fate === "dropped") throw new PartitionMovingError(partition);
  return true;
}

function deadLetter(): CacheError {
  return new CacheError(
    "DEAD_LETTER",
    "the database refuses the row; it was put aside and is among the dead letters",
  );
}

function lost(): CacheError {
  return new CacheError(
    "WRITE_LOST",
    "the key's owner has changed and the next one does not have the write; at level memory nobody has to",
  );
}

function changedOwner(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the key's partition changed its owner while the write was on its way to the database",
  );
}
