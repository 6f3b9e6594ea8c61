/**
 * A sequential stream of flushes. A key always belongs to the same lane, and a lane has one batch
 * under way at a time, so the writes of a key reach the database in order without any lock.
 *
 * Per key: waiting ──► in flight ──► settled
 *             ▲            │
 *             └─ deferred ◄┘   (to be sent again, after a while)
 *
 * A write to a key that is in flight waits behind it as a new entry; a write to one that waits or is
 * deferred replaces it in its place, so that a key written all the time is still sent `maxDelayMs`
 * after its first unsent write. Rows that must be sent again hold up nobody but themselves; only a
 * database that cannot be reached holds up the lane.
 */
import { backoffMs, type Clock, delay, type Logger, type Random } from "@holdfast/core";
import type { BatchSize } from "./batch-size.js";
import type { DirtyEntry, Fate, FlushSink, RowOutcome } from "./dirty-entry.js";
import { WaitingLine } from "./waiting-line.js";

const RETRY = { baseMs: 50, maxMs: 5_000 };

/** One failed attempt in so many is logged: about every minute once the waits have grown. */
const REPORT_EVERY = 20;

/** How often a row that violates a foreign key or a unique index is tried before it is refused. */
const PATIENCE = 10;

/** Most bytes in one statement, unless a single row is larger: it travels as text, twice as large. */
const BATCH_MAX_BYTES = 8 * 2 ** 20;

export interface LaneOptions {
  /** Longest time between the first unsent write of a key and its flush, in milliseconds. */
  readonly maxDelayMs: number;
}

export interface LaneCounters {
  flushedRows: number;
  flushBatches: number;
  flushRetries: number;
  deadLetters: number;
}

export interface LaneContext {
  readonly sink: FlushSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: LaneCounters;
  readonly options: () => LaneOptions;
  /** How many rows go into one statement. */
  readonly batchSize: BatchSize;
  /** Whether everything is to be sent now, however young. */
  readonly isUrgent: () => boolean;
  /** The newest write of a row's key. */
  readonly newest: (row: DirtyEntry) => DirtyEntry | undefined;
  /** Called whenever entries have left the lane. */
  readonly onSettled: (rows: readonly DirtyEntry[], fate: Fate) => void;
  /** Called when a row has left because a newer write of its key is sent in its place. */
  readonly onReplaced: (row: DirtyEntry, newer: DirtyEntry) => void;
}

export class Lane {
  readonly #context: LaneContext;
  readonly #waiting = new WaitingLine();
  /** By key. A key waits or is deferred, never both. */
  readonly #deferred = new Map<string, DirtyEntry>();
  /** No deferred entry may be sent before; Infinity when there is none. */
  #deferredDueAtMs = Number.POSITIVE_INFINITY;
  /** The batch under way. Entries that have left it say so. */
  #batch: readonly DirtyEntry[] = [];
  readonly #stopping = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #flushing: Promise<void> | undefined;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  /** Monotonic instant of the oldest unsettled write; `undefined` when there is none. */
  get oldestSinceMs(): number | undefined {
    let oldestMs = this.#waiting.first?.sinceMs;
    for (const entries of [this.#deferred.values(), this.inFlight()]) {
      for (const { sinceMs } of entries) {
        if (oldestMs === undefined || sinceMs < oldestMs) oldestMs = sinceMs;
      }
    }
    return oldestMs;
  }

  *inFlight(): Iterable<DirtyEntry> {
    for (const entry of this.#batch) if (entry.at === "in-flight") yield entry;
  }

  /**
   * Adds a write; returns the unsent one of the same key that it replaces.
   *
   * @param previous - the newest write of the key until now.
   */
  put(
    entry: DirtyEntry,
    hasWaited: boolean,
    previous: DirtyEntry | undefined,
  ): DirtyEntry | undefined {
    if (previous?.at === "deferred") {
      this.#moveToDeferred(entry, previous);
      return previous;
    }
    if (previous?.at === "waiting") {
      entry.at = "waiting";
      entry.sinceMs = previous.sinceMs;
      this.#waiting.replace(previous, entry);
      previous.at = "left";
      return previous;
    }
    entry.sinceMs = this.#context.clock.monotonic();
    if (hasWaited) {
      entry.untilMs = entry.sinceMs;
      this.#addDeferred(entry);
    } else {
      entry.at = "waiting";
      this.#waiting.push(entry);
    }
    this.pump();
    return undefined;
  }

  /** What kept this entry from being written is over: if it waits to be sent again, it is sent now. */
  hasten(entry: DirtyEntry): void {
    if (entry.at !== "deferred") return;
    entry.untilMs = this.#context.clock.monotonic();
    this.#deferredDueAtMs = Math.min(this.#deferredDueAtMs, entry.untilMs);
    this.pump();
  }

  /** Forgets every entry of a partition, in flight ones included. */
  drop(partition: number): DirtyEntry[] {
    const isDropped = (entry: DirtyEntry) => entry.partition === partition;
    const waiting = [...this.#waiting].filter(isDropped);
    const deferred = [...this.#deferred.values()].filter(isDropped);
    const inFlight = [...this.inFlight()].filter(isDropped);
    for (const entry of waiting) this.#waiting.remove(entry);
    for (const { key } of deferred) this.#deferred.delete(key);
    const dropped = [...waiting, ...deferred, ...inFlight];
    for (const entry of dropped) entry.at = "left";
    return dropped;
  }

  /** Sends what is due, or sets a timer for when something will be. */
  pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#flushing !== undefined || this.#stopping.signal.aborted) return;
    const { clock } = this.#context;
    const nowMs = clock.monotonic();
    const areWaitingDue = this.#waitingDueAtMs() <= nowMs;
    if (!areWaitingDue && this.#deferredDueAtMs > nowMs) {
      const dueAtMs = Math.min(this.#waitingDueAtMs(), this.#deferredDueAtMs);
      if (dueAtMs === Number.POSITIVE_INFINITY) return;
      this.#cancelTimer = clock.after(dueAtMs - nowMs, () => this.pump());
      return;
    }
    this.#flushing = this.#flush(this.#take(nowMs, areWaitingDue)).finally(() => {
      this.#flushing = undefined;
      this.#batch = [];
      this.pump();
    });
  }

  /** Stops sending; waits for the statement under way. What is unsettled stays so. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    this.#cancelTimer?.();
    await this.#flushing;
  }

  /** When those that wait are to be sent; Infinity when there are none. */
  #waitingDueAtMs(): number {
    const { options, batchSize, isUrgent } = this.#context;
    const { first } = this.#waiting;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    if (this.#waiting.size >= batchSize.rows || isUrgent()) return Number.NEGATIVE_INFINITY;
    return first.sinceMs + options().maxDelayMs;
  }

  /** A batch: deferred entries whose time has come, then those that wait, if they are due. */
  #take(nowMs: number, areWaitingDue: boolean): readonly DirtyEntry[] {
    const maxRows = this.#context.batchSize.rows;
    const batch: DirtyEntry[] = [];
    let bytes = 0;
    const hasTaken = (entry: DirtyEntry): boolean => {
      bytes += entry.bytes;
      if (batch.length >= maxRows || (batch.length > 0 && bytes > BATCH_MAX_BYTES)) return false;
      batch.push(entry);
      return true;
    };
    if (this.#deferredDueAtMs <= nowMs) {
      let nextAtMs = Number.POSITIVE_INFINITY;
      for (const [key, deferred] of this.#deferred) {
        if (deferred.untilMs <= nowMs && hasTaken(deferred)) this.#deferred.delete(key);
        else nextAtMs = Math.min(nextAtMs, deferred.untilMs);
      }
      this.#deferredDueAtMs = nextAtMs;
    }
    while (areWaitingDue) {
      const { first } = this.#waiting;
      if (first === undefined || !hasTaken(first)) break;
      this.#waiting.remove(first);
    }
    for (const entry of batch) entry.at = "in-flight";
    this.#batch = batch;
    return batch;
  }

  /** Repeats the batch until the database has answered for every row, or the lane stops. */
  async #flush(batch: readonly DirtyEntry[]): Promise<void> {
    const { sink, counters, clock, random, logger, batchSize } = this.#context;
    for (let attempt = 0; !this.#stopping.signal.aborted; attempt++) {
      const rows = batch.every(isInFlight) ? batch : batch.filter(isInFlight);
      if (rows.length === 0) return;
      // What timed out is sent again in smaller parts.
      if (attempt > 0 && rows.length > batchSize.rows) return this.#flushInParts(rows);
      try {
        await this.#send(rows);
        return;
      } catch (error) {
        const failure = sink.classify(error);
        if (failure.at === "refused") return this.#refused(rows, failure.patient, error);
        if (failure.isTimeout) batchSize.timedOut();
        if (attempt % REPORT_EVERY === 0) {
          logger.warn({ err: error, rows: rows.length, attempt }, "a flush failed; trying again");
        }
      }
      counters.flushRetries += 1;
      await delay(clock, backoffMs(attempt, RETRY, random), this.#stopping.signal).catch(() => {});
    }
  }

  async #send(rows: readonly DirtyEntry[]): Promise<void> {
    const { sink, counters, clock, batchSize, isUrgent } = this.#context;
    const startedMs = clock.monotonic();
    const { sinceMs = startedMs } = rows[0] ?? {};
    const outcomes = await sink.flush(rows);
    counters.flushBatches += 1;
    batchSize.sent({
      rows: rows.length,
      tookMs: clock.monotonic() - startedMs,
      ageMs: startedMs - sinceMs,
      isUrgent: isUrgent(),
    });
    this.#settle(rows, outcomes);
  }

  async #flushInParts(rows: readonly DirtyEntry[]): Promise<void> {
    for (let from = 0; from < rows.length; ) {
      const part = rows.slice(from, from + this.#context.batchSize.rows);
      await this.#flush(part);
      from += part.length;
    }
  }

  /** Finds the refused row by halving the batch; a single one is deferred or put aside. */
  async #refused(rows: readonly DirtyEntry[], isPatient: boolean, error: unknown): Promise<void> {
    if (rows.length > 1) {
      const middle = rows.length >> 1;
      await this.#flush(rows.slice(0, middle));
      return this.#flush(rows.slice(middle));
    }
    const row = rows[0] as DirtyEntry;
    row.refusals += 1;
    if (isPatient && row.refusals < PATIENCE) this.#defer(row);
    else await this.#park(row, error);
  }

  async #park(row: DirtyEntry, error: unknown): Promise<void> {
    const { sink, counters, logger } = this.#context;
    try {
      await sink.park(row, error);
    } catch (parkError) {
      logger.error({ err: parkError }, "a refused row could not be put aside; it stays dirty");
      this.#defer(row);
      return;
    }
    if (!isInFlight(row)) return;
    counters.deadLetters += 1;
    this.#leave([row], "parked");
  }

  #settle(rows: readonly DirtyEntry[], outcomes: readonly RowOutcome[]): void {
    const isWritten = (row: DirtyEntry, index: number) =>
      isInFlight(row) && outcomes[index] === "done";
    const written = rows.every(isWritten) ? rows : rows.filter(isWritten);
    for (const [index, row] of rows.entries()) {
      if (outcomes[index] === "again") this.#defer(row);
    }
    this.#context.counters.flushedRows += written.length;
    this.#leave(written, "persisted");
  }

  /** The row is sent again after a while, or a newer write of its key in its place. */
  #defer(row: DirtyEntry): void {
    if (!isInFlight(row)) return;
    const { clock, random, counters, newest, onReplaced } = this.#context;
    counters.flushRetries += 1;
    row.untilMs = clock.monotonic() + backoffMs(row.attempts, RETRY, random);
    row.attempts += 1;
    const newer = newest(row) ?? row;
    if (newer === row) {
      this.#addDeferred(row);
      return;
    }
    if (newer.at === "waiting") this.#waiting.remove(newer);
    this.#moveToDeferred(newer, row);
    onReplaced(row, newer);
  }

  /** An entry is to be sent in place of another of its key, when that may be sent again. */
  #moveToDeferred(entry: DirtyEntry, old: DirtyEntry): void {
    entry.sinceMs = old.sinceMs;
    entry.untilMs = old.untilMs;
    old.at = "left";
    this.#addDeferred(entry);
  }

  #addDeferred(entry: DirtyEntry): void {
    entry.at = "deferred";
    this.#deferred.set(entry.key, entry);
    this.#deferredDueAtMs = Math.min(this.#deferredDueAtMs, entry.untilMs);
  }

  #leave(rows: readonly DirtyEntry[], fate: Fate): void {
    if (rows.length === 0) return;
    for (const row of rows) row.at = "left";
    this.#context.onSettled(rows, fate);
    this.#context.sink.settled(rows, fate);
  }
}

function isInFlight({ at }: DirtyEntry): boolean {
  return at === "in-flight";
}
