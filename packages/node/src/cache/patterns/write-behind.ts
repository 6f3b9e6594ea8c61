/**
 * Write-behind: memory and journal first, then the acknowledgement; the queue's lanes take the writes
 * to the database in batches. A dirty entry is pinned in memory until then, so a read always finds
 * the newest write, and a deletion stays as a pinned entry without a value.
 *
 * Every dirty entry is recorded in the journal, if the node has one, and sent to the backups of its
 * partition; the cache's level says what of that the acknowledgement waits for.
 */
import { CacheError, type Clock, type Logger, type Random, termOf } from "@holdfast/core";
import { DatabaseError, type WriteBehindAck } from "@holdfast/process";
import type { ReplayOutcome } from "../../journal/record.js";
import type { Tenure } from "../../ownership/tenure.js";
import { costOf } from "../../store/cost.js";
import type { Entry } from "../../store/entry.js";
import type {
  DirtyEntry,
  FlushFailure,
  FlushSink,
  RowOutcome,
} from "../../write-behind/dirty-entry.js";
import { type QueueOptions, WriteBehindQueue } from "../../write-behind/queue.js";
import { type AckNeeds, needsOf } from "../ack-level.js";
import { Acknowledgements, type Dispatch } from "../acknowledgements.js";
import type { CacheJournal } from "../cache-journal.js";
import type { CacheReplication } from "../cache-replication.js";
import type { NodeServices, OperationContext, ReadResult } from "../context.js";
import { withDeadline } from "../deadline.js";
import { expiryOf, type Lifetimes } from "../lifetimes.js";
import type { Loads } from "../loads.js";
import type { Memory } from "../memory.js";
import type { Persister } from "../persister.js";
import type { AcknowledgedWrite, Mutation, Pattern, Survival, Written } from "./pattern.js";

/** Violations that another write may cure: of a foreign key, and of a unique index. */
const PATIENT_SQLSTATES = new Set(["23503", "23505"]);

/**
 * How long a tombstone stays. Once it may be gone, a key without a row may have been deleted: an older
 * write is shown to people instead of being brought back.
 */
const TOMBSTONE_RETENTION_MS = 7 * 86_400_000;

/** How long a batch waits for rows in it that are not committed yet, in milliseconds. */
const COMMIT_WAIT_MS = 20;

/** How long a replay may read the row of its key, in milliseconds. */
const ROW_BUDGET_MS = 500;

/** Most refused replayed writes that are remembered. */
const MAX_PARKED = 10_000;

export interface WriteBehindOptions {
  readonly memory: Memory;
  readonly loads: Loads;
  readonly persister: Persister;
  readonly services: NodeServices;
  readonly queue: QueueOptions;
  readonly lifetimes: () => Lifetimes;
  /** What the cache's writes survive when they are acknowledged. */
  readonly ack: () => WriteBehindAck;
  /** `undefined`: the node has none. */
  readonly journal: CacheJournal | undefined;
  readonly replication: CacheReplication;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class WriteBehind implements Pattern, FlushSink {
  readonly isReadOnly = false;
  readonly queue: WriteBehindQueue;
  readonly #options: WriteBehindOptions;
  /** Grows when the cache is cleared: entries of an earlier one are dropped once they are clean. */
  #generation = 0;
  readonly #generations = new WeakMap<DirtyEntry, number>();
  /** Entries that a newer write of their key stands for. */
  readonly #outdated = new WeakSet<DirtyEntry>();
  readonly #acknowledgements = new Acknowledgements();
  /** Replayed writes that the database refuses, by key: their versions. */
  readonly #parked = new Map<string, number>();

  constructor(options: WriteBehindOptions) {
    this.#options = options;
    const { queue, clock, random, logger } = options;
    this.queue = new WriteBehindQueue(queue, this, clock, random, logger);
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

  unresolved(): undefined {
    return undefined;
  }

  uncommitted(key: string): Promise<unknown> | undefined {
    const entry = this.queue.get(key);
    return entry && this.#acknowledgements.uncommitted(entry);
  }

  room(_key: string, bytes: number, context: OperationContext): Promise<void> | undefined {
    this.#checkCopies(context);
    if (this.queue.hasRoomFor(bytes)) return undefined;
    return this.#waitForRoom(bytes, context);
  }

  write(mutation: Mutation, context: OperationContext): Written {
    const needs = needsOf(this.#options.ack(), context.ack);
    const stored = this.#options.memory.keepDirty(mutation);
    const writtenAtMs = this.#options.clock.now();
    const added = this.#addDirty(mutation, { stored, writtenAtMs, isReplayed: false, needs });
    if (needs.database) return { survives: this.#acknowledgements.persisted(added.entry) };
    const survives =
      needs === this.#ownNeeds
        ? added.committed
        : this.#acknowledgements.survives(added.dispatch, needs);
    return survives && { survives };
  }

  async takeOver(write: AcknowledgedWrite, context: OperationContext): Promise<ReplayOutcome> {
    const { clock, loads, memory, persister, random, services } = this.#options;
    const { key, partition, version, expiresAtMs } = write;
    const { tenure } = context;
    if (this.#parked.get(key) === version) return "persisted";
    const dirty = this.queue.get(key);
    if (dirty !== undefined && dirty.version >= version) return "pending";
    const clean = dirty === undefined ? memory.find(key, partition) : undefined;
    if (clean !== undefined && clean.version >= version) return "persisted";

    // Writes of the key wait meanwhile, so it must not take long.
    const deadlineMs = Math.min(context.deadlineMs, clock.monotonic() + ROW_BUDGET_MS);
    const row = await loads.row(key, { tenure, deadlineMs });
    if (!services.mayFinish(tenure)) return "later";
    if (row.version >= version) return "persisted";
    if (tenure.witness(version)) {
      services.raiseTerm(tenure, tenure.requiredTerm);
      return "later";
    }
    if (row.version === 0 && write.writtenAtMs < clock.now() - TOMBSTONE_RETENTION_MS) {
      await persister.park(write, tooOld(write));
      return "persisted";
    }
    if (!this.queue.hasRoomFor(costOf(key, write.value))) return "later";
    const own = expiryOf(undefined, true, this.#options.lifetimes(), clock, random);
    const copyExpiresAtMs = Math.min(own.copyExpiresAtMs, expiresAtMs ?? Number.POSITIVE_INFINITY);
    const mutation = { ...write, rowExpiresAtMs: expiresAtMs, copyExpiresAtMs };
    // Whoever replays it keeps its own record until the database has the write.
    this.#addReplayed(mutation, write.writtenAtMs, memory.keepDirty(mutation));
    return "pending";
  }

  adopt(write: AcknowledgedWrite): void {
    const { memory, clock, random } = this.#options;
    const { key, partition, version, expiresAtMs, writtenAtMs } = write;
    const held = this.queue.get(key) ?? memory.find(key, partition);
    if (held !== undefined && held.version >= version) return;
    const own = expiryOf(undefined, true, this.#options.lifetimes(), clock, random);
    const copyExpiresAtMs = Math.min(own.copyExpiresAtMs, expiresAtMs ?? Number.POSITIVE_INFINITY);
    const mutation = { ...write, rowExpiresAtMs: expiresAtMs, copyExpiresAtMs };
    this.#addReplayed(mutation, writtenAtMs, memory.adoptDirty(mutation));
  }

  get copiesNeedJournal(): boolean {
    return this.#ownNeeds.journal;
  }

  dirty(partition: number): Iterable<AcknowledgedWrite> {
    return this.queue.inPartition(partition);
  }

  drop(partition: number): number {
    this.#acknowledgements.drop(partition);
    return this.queue.drop(partition);
  }

  hasExpiredDirty(key: string, nowMs: number): boolean {
    const expiresAtMs = this.queue.get(key)?.expiresAtMs;
    return expiresAtMs !== undefined && expiresAtMs <= nowMs;
  }

  /** What is dirty now is to be forgotten as soon as the database has it. */
  clear(): void {
    this.#generation += 1;
  }

  /** Stops sending. What is dirty then has been flushed before, or stays unwritten. */
  stop(): Promise<void> {
    return this.queue.stop();
  }

  async flush(rows: readonly DirtyEntry[]): Promise<readonly RowOutcome[]> {
    await this.#awaitCommits(rows);
    const done = new Set(rows.filter((row) => this.#isOutdated(row)));
    for (const row of done) this.#outdated.add(row);
    const sent = rows.filter((row) => !done.has(row) && this.#maySend(row));
    const outcomes = sent.length === 0 ? [] : await this.#options.persister.send(sent);
    for (const [index, row] of sent.entries()) {
      const at = outcomes[index]?.at;
      if (at === "done" || at === "superseded") done.add(row);
      if (at === "superseded" && this.queue.get(row.key) === row) {
        // A newer row stands in the database; the copy here is the older one.
        this.#options.memory.remove(row.key, row.partition);
      }
    }
    return rows.map((row) => (done.has(row) ? "done" : "again"));
  }

  /** Rows that were written a moment ago are better sent with the others than on their own. */
  async #awaitCommits(rows: readonly DirtyEntry[]): Promise<void> {
    const { clock } = this.#options;
    const commits = rows.flatMap((row) => this.#acknowledgements.uncommitted(row) ?? []);
    if (commits.length === 0) return;
    const untilMs = clock.monotonic() + COMMIT_WAIT_MS;
    await withDeadline(Promise.allSettled(commits), clock, untilMs, () => new Error("later")).catch(
      () => {},
    );
  }

  classify(error: unknown): FlushFailure {
    if (!(error instanceof DatabaseError) || error.kind !== "refused" || error.fault !== "row") {
      return { at: "retry" };
    }
    return { at: "refused", patient: PATIENT_SQLSTATES.has(error.sqlstate ?? "") };
  }

  park(row: DirtyEntry, error: unknown): Promise<void> {
    if (!(error instanceof DatabaseError)) throw new TypeError("only refused rows are parked");
    return this.#options.persister.park(row, error);
  }

  settled(row: DirtyEntry, how: "persisted" | "parked"): void {
    const { memory, journal, replication } = this.#options;
    const { key, partition, version } = row;
    this.#acknowledgements.settled(row, how);
    // Copies of an outdated one stand until the newer write's have taken their place.
    if (!this.#outdated.has(row)) {
      journal?.forget(row);
      replication.clean(row);
    }
    if (how === "parked" && row.isReplayed) this.#noteParked(key, version);
    // A newer write of the key is dirty: it holds the entry.
    if (this.queue.get(key) !== undefined) return;
    const isCleared = this.#generations.get(row) !== this.#generation;
    if (how === "parked" || isCleared) memory.remove(key, partition);
    else memory.clean(key, partition, version);
  }

  /** So that it is not replayed again and again; whoever forgets it merely parks it once more. */
  #noteParked(key: string, version: number): void {
    if (this.#parked.size >= MAX_PARKED) this.#parked.clear();
    this.#parked.set(key, version);
  }

  /** What the cache's own level asks for. */
  get #ownNeeds(): AckNeeds {
    return needsOf(this.#options.ack(), undefined);
  }

  /** @throws {CacheError} when a write cannot get where it is to be: nothing was written. */
  #checkCopies({ tenure, ack }: OperationContext): void {
    const { journal, replication } = this.#options;
    const needs = needsOf(this.#options.ack(), ack);
    if (!replication.keepsUp(tenure.partition)) {
      throw new CacheError("OVERLOADED", "a backup does not keep up; nothing was written");
    }
    const isDegraded = needs.backup && !replication.isBackedUp(tenure.partition);
    if (!needs.journal && !isDegraded) return;
    if (journal === undefined) throw needs.journal ? noJournal() : noBackup();
    if (journal.problem === undefined) return;
    const problem = `the journal cannot be written (${journal.problem}); nothing was written`;
    throw new CacheError("OVERLOADED", problem);
  }

  /** An entry under the version with which another owner acknowledged it. */
  #addReplayed(mutation: Mutation, writtenAtMs: number, stored: Entry): void {
    const needs = this.#ownNeeds;
    this.#addDirty(mutation, { stored, writtenAtMs, isReplayed: true, needs });
  }

  /** Sends what is in memory on its way. */
  #addDirty(
    { key, partition, version, encoding, rowExpiresAtMs: expiresAtMs }: Mutation,
    { stored, writtenAtMs, isReplayed, needs }: DirtyFacts,
  ): Added {
    const { value, costBytes: bytes } = stored;
    this.#options.loads.detach(key);
    const written = { key, partition, version, value, encoding, expiresAtMs, writtenAtMs };
    const entry: DirtyEntry = { ...written, isReplayed, bytes };
    this.#generations.set(entry, this.#generation);
    // Recorded, and known to be uncommitted, before it can be flushed or forgotten.
    const dispatch = this.#dispatch(entry, needs);
    const committed = this.#commit(entry, dispatch);
    // What is replayed has waited long enough, and so has somebody who waits for the database.
    this.queue.put(entry, isReplayed || needs.database);
    return { entry, dispatch, committed };
  }

  /** Follows an entry until it is where the cache's level says. */
  #commit(entry: DirtyEntry, dispatch: Dispatch): Promise<Survival> | undefined {
    const needs = this.#ownNeeds;
    const committed = this.#acknowledgements.track(entry, dispatch, needs);
    // Not every entry has a writer that waits for it; but a flush may have found it too early.
    const settled = () => {
      if (needs.backup) this.queue.hasten(entry);
    };
    committed?.then(settled, settled);
    return committed;
  }

  #dispatch(entry: DirtyEntry, { journal }: AckNeeds): Dispatch {
    const confirmed = this.#options.replication.write(entry, journal);
    return { recorded: this.#record(entry), confirmed };
  }

  #record(entry: DirtyEntry): Promise<void> | undefined {
    const recorded = this.#options.journal?.write(entry).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      const problem = `the write was made, but the journal could not record it: ${why}`;
      throw new CacheError("OUTCOME_UNKNOWN", problem, { cause: error });
    });
    // Not every write waits for it.
    recorded?.catch(() => {});
    return recorded;
  }

  async #waitForRoom(bytes: number, { deadlineMs }: OperationContext): Promise<void> {
    while (!this.queue.hasRoomFor(bytes)) await this.queue.waitForRoom(bytes, deadlineMs);
  }

  /**
   * Whether a row needs a new version, and a newer write of its key is dirty: the new version might
   * be higher than that one's. The newer write stands for both.
   */
  #isOutdated(row: DirtyEntry): boolean {
    if (row.isReplayed) return false;
    const requiredTerm = this.#options.services.tenureOf(row.partition)?.requiredTerm ?? 0;
    return termOf(row.version) < requiredTerm && this.queue.get(row.key) !== row;
  }

  /**
   * Whether a row may be sent now. Where the database was found to hold versions of a higher term,
   * all rows of lower ones wait until this owner has reached it, and get new versions then.
   */
  #maySend(row: DirtyEntry): boolean {
    const tenure = this.#options.services.tenureOf(row.partition);
    if (tenure === undefined || this.#acknowledgements.uncommitted(row) !== undefined) return false;
    if (row.isReplayed || termOf(row.version) >= tenure.requiredTerm) return true;
    if (tenure.term < tenure.requiredTerm) return false;
    this.#renew(row, tenure);
    return this.#acknowledgements.uncommitted(row) === undefined;
  }

  #renew(row: DirtyEntry, tenure: Tenure): void {
    const { memory } = this.#options;
    const entry = memory.find(row.key, row.partition);
    const isHeld = entry?.pinned === true && entry.version === row.version;
    row.version = tenure.nextVersion();
    const dispatch = this.#dispatch(row, this.#ownNeeds);
    void this.#commit(row, dispatch);
    if (!isHeld) return;
    const { expiresAtMs: rowExpiresAtMs, ...written } = row;
    memory.keepDirty({ ...written, rowExpiresAtMs, copyExpiresAtMs: entry.expiresAtMs });
  }
}

/** What there is to know of a dirty entry beyond the write itself. */
interface DirtyFacts {
  /** What memory keeps of it; the value there is a copy of its own. */
  readonly stored: Entry;
  readonly writtenAtMs: number;
  readonly isReplayed: boolean;
  readonly needs: AckNeeds;
}

/** A new dirty entry, and where it is on its way to. */
interface Added {
  readonly entry: DirtyEntry;
  readonly dispatch: Dispatch;
  /** When it is where its cache's level says; `undefined`: it is. */
  readonly committed: Promise<Survival> | undefined;
}

function noJournal(): CacheError {
  return new CacheError(
    "INVALID_ARGUMENT",
    "the write is to survive in a journal, and this node has none: set its journal.dir, or the cache's writeBehind.ack to memory or backup",
  );
}

function noBackup(): CacheError {
  return new CacheError(
    "UNAVAILABLE",
    "no backup of the key's partition is in sync, and this node has no journal instead; nothing was written",
  );
}

function tooOld({ writtenAtMs }: AcknowledgedWrite): DatabaseError {
  const when = new Date(writtenAtMs).toISOString();
  const problem = `made at ${when} and replayed when its tombstone, if it had one, was gone`;
  return new DatabaseError("refused", problem, { fault: "row" });
}
