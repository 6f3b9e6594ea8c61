/**
 * The dirty entries of one cache: the newest acknowledged write of every key that the database does
 * not have yet, bounded in entries and bytes. It spreads keys over lanes, keeps count per
 * partition, and lets writes wait when it is full.
 *
 * At 80 % of a bound everything is sent at once instead of after its delay; at 100 % writes wait
 * until their deadline and then fail with OVERLOADED.
 */
import { CacheError, type Clock, hash32, type Logger, type Random } from "@holdfast/core";
import type { DirtyEntry, FlushSink } from "./dirty-entry.js";
import { Lane, type LaneContext, type LaneCounters, type LaneOptions } from "./lane.js";

/** Share of a bound from which on nothing waits for its delay. */
const EAGER_SHARE = 0.8;

/** Most writes that wait for room. */
const MAX_WAITING = 10_000;

export interface QueueOptions extends LaneOptions {
  readonly lanes: number;
  readonly queueMaxEntries: number;
  readonly queueMaxBytes: number;
}

export class WriteBehindQueue {
  readonly counters: LaneCounters = {
    flushedRows: 0,
    flushBatches: 0,
    flushRetries: 0,
    deadLetters: 0,
  };
  readonly #lanes: readonly Lane[];
  readonly #clock: Clock;
  /** Every entry that is not settled, an older one of the same key in flight included. */
  readonly #byPartition = new Map<number, Set<DirtyEntry>>();
  /** Woken whenever an entry leaves. */
  readonly #waiters = new Set<() => void>();
  #options: QueueOptions;
  #entries = 0;
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
      isUrgent: () => this.#demands > 0 || this.#isNearlyFull,
      onSettled: (row) => this.#forget(row),
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

  /** Takes new bounds and delays. The number of lanes stays: it decides which keys share one. */
  reconfigure(options: QueueOptions): void {
    this.#options = options;
    for (const lane of this.#lanes) lane.pump();
  }

  get(key: string): DirtyEntry | undefined {
    return this.#lane(key).get(key);
  }

  /** The dirty entries of a partition; of a key there may be two, the older one first. */
  inPartition(partition: number): Iterable<DirtyEntry> {
    return this.#byPartition.get(partition) ?? [];
  }

  entriesOf(partition: number): number {
    return this.#byPartition.get(partition)?.size ?? 0;
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
    const replaced = this.#lane(entry.key).put(entry, hasWaited);
    const { partition } = entry;
    let held = this.#byPartition.get(partition);
    if (held === undefined) {
      held = new Set();
      this.#byPartition.set(partition, held);
    }
    held.add(entry);
    if (replaced === undefined) this.#entries += 1;
    else {
      held.delete(replaced);
      this.#bytes -= replaced.bytes;
    }
    this.#bytes += entry.bytes;
    if (this.#isNearlyFull) this.#lane(entry.key).pump();
  }

  /** What kept this entry from being written is over. */
  hasten(entry: DirtyEntry): void {
    this.#lane(entry.key).hasten(entry);
  }

  /**
   * Sends everything now, however young, until these partitions have nothing dirty.
   *
   * @returns whether that was reached before the deadline.
   */
  async flush(partitions: Iterable<number>, deadlineMs: number): Promise<boolean> {
    const wanted = [...partitions].filter((partition) => this.entriesOf(partition) > 0);
    if (wanted.length === 0) return true;
    this.#demands += 1;
    try {
      for (const lane of this.#lanes) lane.pump();
      return await this.#until(
        () => wanted.every((partition) => this.entriesOf(partition) === 0),
        deadlineMs,
      );
    } finally {
      this.#demands -= 1;
    }
  }

  /** As `flush`, for every partition. */
  flushAll(deadlineMs: number): Promise<boolean> {
    return this.flush([...this.#byPartition.keys()], deadlineMs);
  }

  /** Forgets the dirty entries of a partition; returns how many there were. */
  drop(partition: number): number {
    if (this.entriesOf(partition) === 0) return 0;
    const dropped = this.#lanes.flatMap((lane) =>
      lane.drop((entry) => entry.partition === partition),
    );
    for (const entry of dropped) this.#forget(entry);
    return dropped.length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  get #isNearlyFull(): boolean {
    const { queueMaxEntries, queueMaxBytes } = this.#options;
    return (
      this.#entries >= queueMaxEntries * EAGER_SHARE || this.#bytes >= queueMaxBytes * EAGER_SHARE
    );
  }

  #lane(key: string): Lane {
    const { length } = this.#lanes;
    // The index is below the length, and there is always at least one lane.
    return this.#lanes[length === 1 ? 0 : hash32(Buffer.from(key), 0) % length] as Lane;
  }

  #forget(entry: DirtyEntry): void {
    this.#entries -= 1;
    this.#bytes -= entry.bytes;
    const held = this.#byPartition.get(entry.partition);
    held?.delete(entry);
    if (held?.size === 0) this.#byPartition.delete(entry.partition);
    for (const wake of [...this.#waiters]) wake();
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
