/**
 * A sequential stream of flushes. A key always belongs to the same lane, and a lane has one batch
 * under way at a time, so the writes of a key reach the database in order without any lock.
 *
 * Per key: waiting ──► in flight ──► settled. A write to a key that is in flight waits behind it as
 * a new entry; a write to one that waits replaces it in its place, so that a key written all the
 * time is still sent `maxDelayMs` after its first unsent write.
 */
import { backoffMs, type Clock, delay, type Logger, type Random } from "@holdfast/core";
import type { DirtyEntry, FlushSink } from "./dirty-entry.js";

const RETRY = { baseMs: 50, maxMs: 5_000 };

/** One failed attempt in so many is logged: about every minute once the waits have grown. */
const REPORT_EVERY = 20;

/** How often a row that violates a foreign key or a unique index is tried before it is refused. */
const PATIENCE = 10;

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

interface Waiting {
  entry: DirtyEntry;
  /** Monotonic instant of the first write that is waiting under this key. */
  readonly sinceMs: number;
}

export class Lane {
  readonly #context: LaneContext;
  /** In the order of their first unsent write. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #inFlight = new Map<string, Waiting>();
  readonly #stopping = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #flushing: Promise<void> | undefined;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  /** The newest write of a key that is not settled. */
  get(key: string): DirtyEntry | undefined {
    return (this.#waiting.get(key) ?? this.#inFlight.get(key))?.entry;
  }

  /** Monotonic instant of the oldest unsettled write; `undefined` when there is none. */
  get oldestSinceMs(): number | undefined {
    const [inFlight] = this.#inFlight.values();
    const [waiting] = this.#waiting.values();
    return inFlight?.sinceMs ?? waiting?.sinceMs;
  }

  /** Adds a write; returns the unsent one of the same key that it replaces. */
  put(entry: DirtyEntry): DirtyEntry | undefined {
    const waiting = this.#waiting.get(entry.key);
    if (waiting !== undefined) {
      const replaced = waiting.entry;
      waiting.entry = entry;
      return replaced;
    }
    this.#waiting.set(entry.key, { entry, sinceMs: this.#context.clock.monotonic() });
    this.pump();
    return undefined;
  }

  /** Forgets every entry that `isDropped` selects, in flight ones included. */
  drop(isDropped: (entry: DirtyEntry) => boolean): DirtyEntry[] {
    const dropped: DirtyEntry[] = [];
    for (const entries of [this.#waiting, this.#inFlight]) {
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
    const [first] = this.#waiting.values();
    if (first === undefined) return;
    const { clock, options, isUrgent } = this.#context;
    const { batchMaxRows, maxDelayMs } = options();
    const dueInMs = first.sinceMs + maxDelayMs - clock.monotonic();
    if (dueInMs > 0 && this.#waiting.size < batchMaxRows && !isUrgent()) {
      this.#cancelTimer = clock.after(dueInMs, () => this.pump());
      return;
    }
    this.#flushing = this.#flush(this.#take(batchMaxRows)).finally(() => {
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

  #take(most: number): DirtyEntry[] {
    const batch: DirtyEntry[] = [];
    for (const [key, waiting] of this.#waiting) {
      if (batch.length >= most) break;
      this.#waiting.delete(key);
      this.#inFlight.set(key, waiting);
      batch.push(waiting.entry);
    }
    return batch;
  }

  /** Repeats the batch until every row is settled, dropped, or the lane stops. */
  async #flush(batch: readonly DirtyEntry[]): Promise<void> {
    const { sink, counters, clock, random, logger } = this.#context;
    let rows = batch;
    for (let attempt = 0; !this.#stopping.signal.aborted; attempt++) {
      rows = rows.filter((row) => this.#isInFlight(row));
      if (rows.length === 0) return;
      try {
        const outcomes = await sink.flush(rows);
        counters.flushBatches += 1;
        rows = this.#settle(rows, outcomes);
        if (rows.length === 0) return;
      } catch (error) {
        const failure = sink.classify(error);
        if (failure.at === "refused" && rows.length > 1) return this.#bisect(rows);
        if (failure.at === "refused" && !(failure.patient && attempt < PATIENCE)) {
          // There is exactly one row: more were halved.
          if (await this.#park(rows[0] as DirtyEntry, error)) return;
        } else if (attempt % REPORT_EVERY === 0) {
          logger.warn({ err: error, rows: rows.length, attempt }, "a flush failed; trying again");
        }
      }
      counters.flushRetries += 1;
      await delay(clock, backoffMs(attempt, RETRY, random), this.#stopping.signal).catch(() => {});
    }
  }

  /** Finds the refused row by halving the batch; its neighbours are not held up by it. */
  async #bisect(rows: readonly DirtyEntry[]): Promise<void> {
    const middle = rows.length >> 1;
    await this.#flush(rows.slice(0, middle));
    await this.#flush(rows.slice(middle));
  }

  async #park(row: DirtyEntry, error: unknown): Promise<boolean> {
    const { sink, counters, logger } = this.#context;
    try {
      await sink.park(row, error);
    } catch (parkError) {
      logger.error({ err: parkError }, "a refused row could not be put aside; it stays dirty");
      return false;
    }
    if (!this.#isInFlight(row)) return true;
    counters.deadLetters += 1;
    this.#leave(row, "parked");
    return true;
  }

  /** Settles what is done and returns the rows that must be sent again. */
  #settle(rows: readonly DirtyEntry[], outcomes: readonly string[]): DirtyEntry[] {
    const again: DirtyEntry[] = [];
    for (const [index, row] of rows.entries()) {
      if (!this.#isInFlight(row)) continue;
      if (outcomes[index] === "again") again.push(row);
      else {
        this.#context.counters.flushedRows += 1;
        this.#leave(row, "persisted");
      }
    }
    return again;
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
