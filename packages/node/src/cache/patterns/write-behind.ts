/**
 * Write-behind: memory and journal first, then the acknowledgement; the queue's lanes take the writes
 * to the database in batches. A dirty entry is pinned in memory until then, so a read always finds
 * the newest write, and a deletion stays as a pinned entry without a value. If the database refuses the
 * row, what was acknowledged still stays, no longer dirty but flagged, as one of a bounded number.
 *
 * Every dirty entry is recorded in the journal, if the node has one, and sent to the backups of its
 * partition; the cache's level says what of that the acknowledgement waits for. The parts of this are
 * in ../write-behind/: copies, flushes, receipts, and writes that other owners acknowledged.
 */
import { CacheError, type Clock, type Logger, type Random } from "@holdfast/core";
import type { WriteBehindAck } from "@holdfast/process";
import type { Source } from "../../database/source.js";
import type { ReplayOutcome } from "../../journal/record.js";
import type { DirtyEntry } from "../../write-behind/dirty-entry.js";
import { type QueueOptions, WriteBehindQueue } from "../../write-behind/queue.js";
import { needsOf } from "../ack-level.js";
import type { CacheJournal } from "../cache-journal.js";
import type { CacheReplication } from "../cache-replication.js";
import type { NodeServices, OperationContext, ReadResult } from "../context.js";
import type { Lifetimes } from "../lifetimes.js";
import type { Loads } from "../loads.js";
import type { Memory } from "../memory.js";
import type { Persister } from "../persister.js";
import type { CacheCounters } from "../stats.js";
import { Copies } from "../write-behind/copies.js";
import { Deliveries } from "../write-behind/deliveries.js";
import { DirtyWrites } from "../write-behind/dirty-writes.js";
import { Flushes } from "../write-behind/flushes.js";
import { Receipts } from "../write-behind/receipts.js";
import { ReplayedWrites } from "../write-behind/replayed-writes.js";
import type { AcknowledgedWrite, FlushReport, Mutation, Pattern, Written } from "./pattern.js";

/** What is left of a writer's time for telling it that there is no room, in milliseconds. */
const REFUSAL_MS = 10;

export interface WriteBehindOptions {
  readonly cacheId: number;
  readonly memory: Memory;
  readonly loads: Loads;
  readonly source: Source;
  readonly persister: Persister;
  readonly services: NodeServices;
  readonly queue: QueueOptions;
  readonly lifetimes: () => Lifetimes;
  /** What the cache's writes survive when they are acknowledged. */
  readonly ack: () => WriteBehindAck;
  /** `undefined`: the node has none. */
  readonly journal: CacheJournal | undefined;
  readonly replication: CacheReplication;
  readonly counters: CacheCounters;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class WriteBehind implements Pattern {
  readonly isReadOnly = false;
  readonly queue: WriteBehindQueue;
  readonly #options: WriteBehindOptions;
  readonly #copies: Copies;
  readonly #receipts = new Receipts();
  readonly #dirtyWrites: DirtyWrites;
  readonly #replayedWrites: ReplayedWrites;
  readonly #deliveries: Deliveries;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
    const { queue, clock, random, logger, loads } = options;
    const copies = new Copies(options);
    const dirtyWrites = new DirtyWrites(copies, loads, () => this.queue);
    const parts = { ...options, copies, receipts: this.#receipts, dirtyWrites };
    const flushes = new Flushes({
      ...parts,
      onReplayParked: (key, version) => this.#replayedWrites.noteParked(key, version),
      isAcknowledged: (row) => !copies.ownNeeds.database && !this.#deliveries.isAwaited(row),
    });
    this.queue = new WriteBehindQueue(queue, flushes, clock, random, logger);
    const needs = () => copies.ownNeeds;
    this.#replayedWrites = new ReplayedWrites({ ...parts, queue: this.queue, needs });
    this.#deliveries = new Deliveries({ ...parts, queue: this.queue });
    this.#copies = copies;
    this.#dirtyWrites = dirtyWrites;
  }

  checkComplete({ tenure }: OperationContext): void {
    if (!tenure.isRecovering || this.#options.ack() === "database") return;
    throw new CacheError(
      "UNAVAILABLE",
      "recovering: the journals of those who owned the key before have not been replayed yet",
    );
  }

  miss(key: string, context: OperationContext): Promise<ReadResult> {
    return this.#options.loads.load(key, context);
  }

  get hasUnresolved(): boolean {
    return false;
  }

  unresolved(): undefined {
    return undefined;
  }

  uncommitted(key: string, partition: number): Promise<unknown> | undefined {
    if (this.#options.ack() === "database") {
      const entry = this.queue.get(key, partition);
      return entry && this.#persisted(entry);
    }
    if (!this.#copies.hasUncommitted) return undefined;
    const entry = this.queue.get(key, partition);
    return entry && this.#copies.uncommitted(entry);
  }

  room(_key: string, bytes: number, context: OperationContext): Promise<void> | undefined {
    this.#copies.check(context);
    if (this.queue.hasRoomFor(bytes)) return undefined;
    return this.#waitForRoom(bytes, context);
  }

  write(mutation: Mutation, context: OperationContext): Written {
    const { ack, memory, clock, counters } = this.#options;
    const needs = needsOf(ack(), context.ack);
    const isSlowed = this.queue.slowsWriters;
    memory.keepDirty(mutation);
    const facts = { writtenAtMs: clock.now(), isReplayed: false, needs };
    const { entry, dispatch, committed } = this.#dirtyWrites.add(mutation, facts);
    if (needs.database) return { survives: this.#deliveries.delivered(entry) };
    const survives =
      needs === this.#copies.ownNeeds ? committed : this.#copies.survives(dispatch, needs);
    if (!isSlowed) return survives && { survives };
    counters.slowedWrites += 1;
    return { survives: this.#deliveries.slowed(entry, survives, context) };
  }

  persisted(key: string, version: number, context: OperationContext): Promise<boolean> {
    const { partition } = context.tenure;
    return this.#deliveries.persisted({ key, partition, version }, context);
  }

  flushKey(key: string, context: OperationContext): Promise<FlushReport> {
    return this.#deliveries.flushKey(key, context);
  }

  flushAll(deadlineMs: number): Promise<FlushReport> {
    return this.#deliveries.flushAll(deadlineMs);
  }

  /**
   * Where only the database counts, an entry is lost with this node until the database has it. And what an
   * owner before has left need not be its last word: that may be in the database alone.
   */
  async #persisted(entry: DirtyEntry): Promise<void> {
    await this.#deliveries.delivered(entry);
    if (!entry.isReplayed) return;
    throw new CacheError(
      "UNAVAILABLE",
      "what was taken over has been compared with its row; read again",
    );
  }

  takeOver(write: AcknowledgedWrite, context: OperationContext): Promise<ReplayOutcome> {
    return this.#replayedWrites.takeOver(write, context);
  }

  adopt(write: AcknowledgedWrite): void {
    this.#replayedWrites.adopt(write);
  }

  get copiesNeedJournal(): boolean {
    return this.#copies.ownNeeds.journal;
  }

  dirty(partition: number): Iterable<AcknowledgedWrite> {
    return this.queue.inPartition(partition);
  }

  drop(partition: number): number {
    this.#receipts.drop(partition);
    return this.queue.drop(partition);
  }

  hasExpiredDirty({ key, partition }: Pick<Mutation, "key" | "partition">, nowMs: number): boolean {
    const expiresAtMs = this.queue.get(key, partition)?.expiresAtMs;
    return expiresAtMs !== undefined && expiresAtMs <= nowMs;
  }

  /** What is dirty now is to be forgotten as soon as the database has it. */
  clear(): void {
    this.#dirtyWrites.clear();
  }

  /** Stops sending. What is dirty then has been flushed before, or stays unwritten. */
  stop(): Promise<void> {
    return this.queue.stop();
  }

  /** Gives up a moment early, so that the writer learns why. */
  async #waitForRoom(bytes: number, { deadlineMs }: OperationContext): Promise<void> {
    const untilMs = deadlineMs - REFUSAL_MS;
    while (!this.queue.hasRoomFor(bytes)) await this.queue.waitForRoom(bytes, untilMs);
  }
}
