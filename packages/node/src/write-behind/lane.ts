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
import type { DirtyEntry, FlushSink } from "./dirty-entry.js";

const RETRY = { baseMs: 50, maxMs: 5_000 };

/** One failed attempt in so many is logged: about every minute once the waits have grown. */
const REPORT_EVERY = 20;

/** How often a row that violates a foreign key or a unique index is tried before it is refused. */
const PATIENCE = 10;

/** Most bytes in one statement, unless a single row is larger: it travels as text, twice as large. */
const BATCH_MAX_BYTES = 8 * 2 ** 20;

export interface LaneOptions {
  /** Most rows in one statement. */
  readonly batchMaxRows: number;
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
  /** Whether everything is to be sent now, however young. */
  readonly isUrgent: () => boolean;
  /** Called whenever an entry has left the lane. */
  readonly onSettled: (row: DirtyEntry) => void;
}

interface Unsettled {
  readonly entry: DirtyEntry;
  /** Monotonic instant of the first unsent write of the key. */
  readonly sinceMs: number;
  /** How often it was sent, or could not be. */
  readonly attempts: number;
  /** How often the database has refused it. */
  readonly refusals: number;
}

interface Deferred extends Unsettled {
  /** Monotonic instant from which it may be sent again. */
  readonly untilMs: number;
}

export class Lane {
  readonly #context: LaneContext;
  /** In the order of their first unsent write. A key is here or in `#deferred`, never in both. */
  readonly #waiting = new Map<string, Unsettled>();
  readonly #deferred = new Map<string, Deferred>();
  /** No deferred entry may be sent before; Infinity when there is none. */
  #deferredDueAtMs = Number.POSITIVE_INFINITY;
  readonly #inFlight = new Map<string, Unsettled>();
  readonly #stopping = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #flushing: Promise<void> | undefined;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  /** The newest write of a key that is not settled. */
  get(key: string): DirtyEntry | undefined {
    const unsent = this.#waiting.get(key) ?? this.#deferred.get(key);
    return (unsent ?? this.#inFlight.get(key))?.entry;
  }

  /** Monotonic instant of the oldest unsettled write; `undefined` when there is none. */
  get oldestSinceMs(): number | undefined {
    let oldestMs: number | undefined;
    for (const entries of [this.#waiting, this.#deferred, this.#inFlight]) {
      for (const { sinceMs } of entries.values()) {
        if (oldestMs === undefined || sinceMs < oldestMs) oldestMs = sinceMs;
        // The others are in the order of their age.
        if (entries === this.#waiting) break;
      }
    }
    return oldestMs;
  }

  /** Adds a write; returns the unsent one of the same key that it replaces. */
  put(entry: DirtyEntry, hasWaited: boolean): DirtyEntry | undefined {
    const { key } = entry;
    const deferred = this.#deferred.get(key);
    if (deferred !== undefined) {
      this.#deferred.set(key, { ...deferred, entry, attempts: 0, refusals: 0 });
      return deferred.entry;
    }
    const nowMs = this.#context.clock.monotonic();
    const waiting = this.#waiting.get(key);
    if (hasWaited && waiting === undefined) {
      this.#deferred.set(key, { entry, sinceMs: nowMs, attempts: 0, refusals: 0, untilMs: nowMs });
      this.#deferredDueAtMs = Math.min(this.#deferredDueAtMs, nowMs);
      this.pump();
      return undefined;
    }
    this.#waiting.set(key, { entry, sinceMs: waiting?.sinceMs ?? nowMs, attempts: 0, refusals: 0 });
    if (waiting === undefined) this.pump();
    return waiting?.entry;
  }

  /** What kept this entry from being written is over: if it waits to be sent again, it is sent now. */
  hasten(entry: DirtyEntry): void {
    const deferred = this.#deferred.get(entry.key);
    if (deferred?.entry !== entry) return;
    const untilMs = this.#context.clock.monotonic();
    this.#deferred.set(entry.key, { ...deferred, untilMs });
    this.#deferredDueAtMs = Math.min(this.#deferredDueAtMs, untilMs);
    this.pump();
  }

  /** Forgets every entry that `isDropped` selects, in flight ones included. */
  drop(isDropped: (entry: DirtyEntry) => boolean): DirtyEntry[] {
    const dropped: DirtyEntry[] = [];
    for (const entries of [this.#waiting, this.#deferred, this.#inFlight]) {
      for (const [key, { entry }] of entries) {
        if (!isDropped(entry)) continue;
        entries.delete(key);
        dropped.push(entry);
      }
    }
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
    const { options, isUrgent } = this.#context;
    const { batchMaxRows, maxDelayMs } = options();
    const [first] = this.#waiting.values();
    if (first === undefined) return Number.POSITIVE_INFINITY;
    if (this.#waiting.size >= batchMaxRows || isUrgent()) return Number.NEGATIVE_INFINITY;
    return first.sinceMs + maxDelayMs;
  }

  /** A batch: deferred entries whose time has come, then those that wait, if they are due. */
  #take(nowMs: number, areWaitingDue: boolean): DirtyEntry[] {
    const { batchMaxRows } = this.#context.options();
    const batch: DirtyEntry[] = [];
    let bytes = 0;
    const hasTaken = (from: Map<string, Unsettled>, key: string, unsettled: Unsettled): boolean => {
      bytes += unsettled.entry.bytes;
      if (batch.length >= batchMaxRows || (batch.length > 0 && bytes > BATCH_MAX_BYTES)) {
        return false;
      }
      from.delete(key);
      this.#inFlight.set(key, unsettled);
      batch.push(unsettled.entry);
      return true;
    };
    if (this.#deferredDueAtMs <= nowMs) {
      let nextAtMs = Number.POSITIVE_INFINITY;
      for (const [key, deferred] of this.#deferred) {
        const isDue = deferred.untilMs <= nowMs;
        if (isDue && hasTaken(this.#deferred, key, deferred)) continue;
        nextAtMs = Math.min(nextAtMs, deferred.untilMs);
      }
      this.#deferredDueAtMs = nextAtMs;
    }
    if (!areWaitingDue) return batch;
    for (const [key, waiting] of this.#waiting) {
      if (!hasTaken(this.#waiting, key, waiting)) break;
    }
    return batch;
  }

  /** Repeats the batch until the database has answered for every row, or the lane stops. */
  async #flush(batch: readonly DirtyEntry[]): Promise<void> {
    const { sink, counters, clock, random, logger } = this.#context;
    for (let attempt = 0; !this.#stopping.signal.aborted; attempt++) {
      const rows = batch.filter((row) => this.#isInFlight(row));
      if (rows.length === 0) return;
      try {
        const outcomes = await sink.flush(rows);
        counters.flushBatches += 1;
        this.#settle(rows, outcomes);
        return;
      } catch (error) {
        const failure = sink.classify(error);
        if (failure.at === "refused") return this.#refused(rows, failure.patient, error);
        if (attempt % REPORT_EVERY === 0) {
          logger.warn({ err: error, rows: rows.length, attempt }, "a flush failed; trying again");
        }
      }
      counters.flushRetries += 1;
      await delay(clock, backoffMs(attempt, RETRY, random), this.#stopping.signal).catch(() => {});
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
    const refusals = (this.#inFlight.get(row.key)?.refusals ?? 0) + 1;
    if (isPatient && refusals < PATIENCE) this.#defer(row, refusals);
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
    if (!this.#isInFlight(row)) return;
    counters.deadLetters += 1;
    this.#leave(row, "parked");
  }

  #settle(rows: readonly DirtyEntry[], outcomes: readonly string[]): void {
    for (const [index, row] of rows.entries()) {
      if (!this.#isInFlight(row)) continue;
      if (outcomes[index] === "again") this.#defer(row);
      else {
        this.#context.counters.flushedRows += 1;
        this.#leave(row, "persisted");
      }
    }
  }

  /** The row is sent again after a while, or a newer write of its key in its place. */
  #defer(row: DirtyEntry, refusals = 0): void {
    const { key } = row;
    const { clock, random, counters, onSettled } = this.#context;
    const sent = this.#inFlight.get(key);
    if (sent?.entry !== row) return;
    this.#inFlight.delete(key);
    counters.flushRetries += 1;
    const { sinceMs, attempts } = sent;
    const untilMs = clock.monotonic() + backoffMs(attempts, RETRY, random);
    this.#deferredDueAtMs = Math.min(this.#deferredDueAtMs, untilMs);
    const newer = this.#waiting.get(key) ?? this.#deferred.get(key);
    if (newer === undefined) {
      this.#deferred.set(key, { ...sent, attempts: attempts + 1, refusals, untilMs });
    } else {
      this.#waiting.delete(key);
      this.#deferred.set(key, { ...newer, sinceMs, untilMs });
      onSettled(row);
    }
  }

  #leave(row: DirtyEntry, how: "persisted" | "parked"): void {
    this.#inFlight.delete(row.key);
    this.#context.onSettled(row);
    this.#context.sink.settled(row, how);
  }

  #isInFlight(row: DirtyEntry): boolean {
    return this.#inFlight.get(row.key)?.entry === row;
  }
}
