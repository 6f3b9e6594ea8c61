/**
 * The dirty entries of one cache: the newest acknowledged write of every key that the database does
 * not have yet, bounded in entries and bytes. It spreads partitions over lanes, keeps count per
 * partition, and lets writes wait when it is full.
 *
 * At 80 % of a bound everything is sent at once instead of after its delay; somewhat above it writers wait
 * for the database; at 100 % writes wait until their deadline and then fail with OVERLOADED.
 */
import { CacheError, type Clock, type Logger, type Random } from "@holdfast/core";
import { BatchSize, type BatchSizeOptions } from "./batch-size.js";
import type { DirtyEntry, FlushSink } from "./dirty-entry.js";
import { type Departure, FlushRun } from "./flush-run.js";
import { Lane, type LaneContext, type LaneCounters, type LaneOptions } from "./lane.js";

/** Share of a bound from which on nothing waits for its delay. */
const EAGER_SHARE = 0.8;

/** Most writes that wait for room. */
const MAX_WAITING = 10_000;

export interface QueueOptions extends LaneOptions, BatchSizeOptions {
  readonly lanes: number;
  readonly queueMaxEntries: number;
  readonly queueMaxBytes: number;
  /** Share of those two from which on writers wait for the database. */
  readonly writeThroughAbove: number;
}

/** What is dirty in one partition. */
interface PartitionEntries {
  /** By key. */
  readonly newest: Map<string, DirtyEntry>;
  /** All that is not settled, an older one of the same key in flight included. */
  entries: number;
}

export class WriteBehindQueue {
  readonly counters: LaneCounters = {
    flushedRows: 0,
    flushBatches: 0,
    flushRetries: 0,
    deadLetters: 0,
  };
  readonly #lanes: readonly Lane[];
  readonly #batchSize = new BatchSize(() => this.#options);
  readonly #clock: Clock;
  readonly #partitions = new Map<number, PartitionEntries>();
  /** Flushes that somebody waits for. */
  readonly #runs = new Set<FlushRun>();
  /** Woken whenever an entry leaves. */
  readonly #waiters = new Set<() => void>();
  #options: QueueOptions;
  #entries = 0;
  /** How many writes it has taken. */
  #taken = 0;
  #bytes = 0;
  /** How many callers want everything sent now. */
  #demands = 0;
  #roomWaiters = 0;

  constructor(
    options: QueueOptions,
    sink: FlushSink,
    clock: Clock,
    random: Random,
    logger: Logger,
  ) {
    this.#options = options;
    this.#clock = clock;
    const context: LaneContext = {
      sink,
      clock,
      random,
      logger,
      counters: this.counters,
      options: () => this.#options,
      batchSize: this.#batchSize,
      isUrgent: () => this.#demands > 0 || this.#isNearlyFull,
      newest: ({ key, partition }) => this.get(key, partition),
      onSettled: (rows, fate) => this.#forget(rows, fate),
      onReplaced: (row, newer) => this.#replaced(row, newer),
    };
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(context));
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Age of the oldest write that the database does not have, in milliseconds; 0 when none. */
  get oldestAgeMs(): number {
    let oldest = this.#clock.monotonic();
    for (const { oldestSinceMs } of this.#lanes) {
      if (oldestSinceMs !== undefined && oldestSinceMs < oldest) oldest = oldestSinceMs;
    }
    return this.#clock.monotonic() - oldest;
  }

  /** Most rows that are put into one statement at present. */
  get batchRows(): number {
    return this.#batchSize.rows;
  }

  /** Whether it is so full that writers are to wait for the database. */
  get slowsWriters(): boolean {
    const { writeThroughAbove } = this.#options;
    return writeThroughAbove < 1 && this.#fullness >= writeThroughAbove;
  }

  /** Takes new bounds and delays. The number of lanes stays: it decides which keys share one. */
  reconfigure(options: QueueOptions): void {
    this.#options = options;
    for (const lane of this.#lanes) lane.pump();
  }

  /** The newest write of a key that is not settled. */
  get(key: string, partition: number): DirtyEntry | undefined {
    return this.#partitions.get(partition)?.newest.get(key);
  }

  /** The dirty entries of a partition; of a key there may be two, the older one first. */
  *inPartition(partition: number): Iterable<DirtyEntry> {
    const held = this.#partitions.get(partition);
    if (held === undefined) return;
    for (const entry of this.#lane(partition).inFlight()) {
      if (entry.partition === partition && held.newest.get(entry.key) !== entry) yield entry;
    }
    yield* held.newest.values();
  }

  /** Every dirty entry, as above. */
  *all(): Iterable<DirtyEntry> {
    for (const partition of this.#partitions.keys()) yield* this.inPartition(partition);
  }

  entriesOf(partition: number): number {
    return this.#partitions.get(partition)?.entries ?? 0;
  }

  /** Whether another write of this size fits. */
  hasRoomFor(bytes: number): boolean {
    const { queueMaxEntries, queueMaxBytes } = this.#options;
    return this.#entries < queueMaxEntries && this.#bytes + bytes <= queueMaxBytes;
  }

  /**
   * Resolves when there is room for a write of this size. Whoever waited checks again: another
   * may have taken it.
   *
   * @throws {CacheError} `OVERLOADED` at the deadline, or when too many wait already.
   */
  async waitForRoom(bytes: number, deadlineMs: number): Promise<void> {
    if (this.#roomWaiters >= MAX_WAITING) throw overloaded("too many writes wait for it already");
    this.#roomWaiters += 1;
    try {
      for (const lane of this.#lanes) lane.pump();
      const hasRoom = await this.#until(() => this.hasRoomFor(bytes), deadlineMs);
      if (!hasRoom) throw overloaded("it did not drain before the deadline");
    } finally {
      this.#roomWaiters -= 1;
    }
  }

  /**
   * Adds an acknowledged write. The caller has checked that there is room.
   *
   * @param hasWaited - it has waited long enough elsewhere, and is sent as soon as possible.
   */
  put(entry: DirtyEntry, hasWaited = false): void {
    const { key, partition } = entry;
    let held = this.#partitions.get(partition);
    if (held === undefined) {
      held = { newest: new Map(), entries: 0 };
      this.#partitions.set(partition, held);
    }
    const previous = held.newest.get(key);
    // Before the lane, which may send it at once.
    held.newest.set(key, entry);
    this.#taken += 1;
    entry.order = this.#taken;
    const lane = this.#lane(partition);
    const replaced = lane.put(entry, hasWaited, previous);
    this.#bytes += entry.bytes;
    if (replaced === undefined) {
      this.#entries += 1;
      held.entries += 1;
    } else {
      this.#bytes -= replaced.bytes;
      entry.order = replaced.order;
    }
    if (this.#isNearlyFull) lane.pump();
  }

  /** What kept this entry from being written is over. */
  hasten(entry: DirtyEntry): void {
    this.#lane(entry.partition).hasten(entry);
  }

  /**
   * Sends everything now, however young, until these partitions have nothing dirty.
   *
   * @returns whether that was reached before the deadline.
   */
  async flush(partitions: Iterable<number>, deadlineMs: number): Promise<boolean> {
    const wanted = [...partitions].filter((partition) => this.entriesOf(partition) > 0);
    if (wanted.length === 0) return true;
    const withdraw = this.demand();
    try {
      return await this.#until(
        () => wanted.every((partition) => this.entriesOf(partition) === 0),
        deadlineMs,
      );
    } finally {
      withdraw();
    }
  }

  /** Sends everything at once, however young, until the demand is withdrawn by calling what is returned. */
  demand(): () => void {
    this.#demands += 1;
    for (const lane of this.#lanes) lane.pump();
    return () => {
      this.#demands -= 1;
    };
  }

  /** As `flush`, for every partition. */
  flushAll(deadlineMs: number): Promise<boolean> {
    return this.flush([...this.#partitions.keys()], deadlineMs);
  }

  /**
   * Sends everything that is dirty now, and waits for that alone, whatever is written meanwhile.
   *
   * @returns the run, when all of it has left the queue, or at the deadline.
   */
  async flushPresent(deadlineMs: number): Promise<FlushRun> {
    let end = () => {};
    const run = new FlushRun(this.#taken, this.#entries, () => end());
    if (run.left === 0) return run;
    this.#runs.add(run);
    const withdraw = this.demand();
    await new Promise<void>((resolve) => {
      const leftMs = Math.max(0, deadlineMs - this.#clock.monotonic());
      const cancel = this.#clock.after(leftMs, resolve);
      end = () => {
        cancel();
        resolve();
      };
    });
    withdraw();
    this.#runs.delete(run);
    return run;
  }

  /** Forgets the dirty entries of a partition; returns how many there were. */
  drop(partition: number): number {
    if (this.entriesOf(partition) === 0) return 0;
    const dropped = this.#lane(partition).drop(partition);
    this.#forget(dropped, "dropped");
    return dropped.length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  /** The share of its bound, in entries or in bytes. */
  get #fullness(): number {
    const { queueMaxEntries, queueMaxBytes } = this.#options;
    return Math.max(this.#entries / queueMaxEntries, this.#bytes / queueMaxBytes);
  }

  get #isNearlyFull(): boolean {
    return this.#fullness >= Math.min(EAGER_SHARE, this.#options.writeThroughAbove);
  }

  /** Keys are spread over partitions already. */
  #lane(partition: number): Lane {
    // The index is below the length, and there is always at least one lane.
    return this.#lanes[partition % this.#lanes.length] as Lane;
  }

  #forget(entries: readonly DirtyEntry[], how: Departure): void {
    for (const entry of entries) this.#remove(entry);
    for (const run of this.#runs) run.depart(entries, how);
    for (const wake of [...this.#waiters]) wake();
  }

  /** From now on a newer write of its key stands for an entry. */
  #replaced(row: DirtyEntry, newer: DirtyEntry): void {
    for (const run of this.#runs) run.merge(row, newer);
    newer.order = row.order;
    this.#remove(row);
    for (const wake of [...this.#waiters]) wake();
  }

  #remove(entry: DirtyEntry): void {
    const { key, partition, bytes } = entry;
    this.#entries -= 1;
    this.#bytes -= bytes;
    const held = this.#partitions.get(partition);
    if (held === undefined) return;
    held.entries -= 1;
    if (held.newest.get(key) === entry) held.newest.delete(key);
    if (held.entries === 0) this.#partitions.delete(partition);
  }

  /** Waits for a condition that can only come true when an entry leaves. */
  #until(condition: () => boolean, deadlineMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (reached: boolean) => {
        cancel();
        this.#waiters.delete(check);
        resolve(reached);
      };
      const check = () => {
        if (condition()) done(true);
      };
      const cancel = this.#clock.after(Math.max(0, deadlineMs - this.#clock.monotonic()), () =>
        done(false),
      );
      this.#waiters.add(check);
    });
  }
}

function overloaded(why: string): CacheError {
  return new CacheError(
    "OVERLOADED",
    `the write-behind queue is full and ${why}; the database does not keep up`,
  );
}
