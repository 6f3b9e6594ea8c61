/**
 * Removes tombstones from the database once they are older than `tombstoneRetention`: the leader does,
 * in a pass every ten minutes, in statements that each look at a bounded number of them. That it is safe to
 * remove one is the statement's business (process/postgres/tombstones.ts): two leaders at once, or one that
 * has been replaced without knowing it, do no harm.
 */
import { type Clock, type Component, delay, type Logger } from "@holdfast/core";
import { TOMBSTONE_TABLES, type TombstonePlace, type TombstoneTable } from "@holdfast/process";
import type { TombstoneStore } from "../state/stores.js";
import type { CoordinatorStats } from "./stats.js";

export interface TombstoneCollectorParts {
  readonly store: TombstoneStore;
  readonly isLeading: () => boolean;
  readonly stats: CoordinatorStats;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** From the end of one pass to the next; also how long a new leader has other things to do. */
const INTERVAL_MS = 600_000;

/** Tombstones that one statement looks at: some milliseconds. */
const SLICE_ROWS = 1_000;

/** Between two statements, so that a pass over millions leaves the database to others. */
const PAUSE_MS = 100;

export class TombstoneCollector implements Component {
  readonly name = "tombstone collector";
  readonly #parts: TombstoneCollectorParts;
  readonly #retentionMs: number;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: TombstoneCollectorParts, retentionMs: number) {
    this.#parts = parts;
    this.#retentionMs = retentionMs;
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    await this.#running;
  }

  async #run(): Promise<void> {
    while (await this.#pause(INTERVAL_MS)) await this.#pass();
  }

  async #pass(): Promise<void> {
    const { stats, logger } = this.#parts;
    const before = stats.tombstonesRemoved;
    try {
      for (const table of TOMBSTONE_TABLES) await this.#collect(table);
    } catch (error) {
      // The database is away, or busy; what is old now will be older at the next pass.
      stats.tombstonePassesFailed += 1;
      logger.warn({ err: error }, "removing old tombstones failed; trying again at the next pass");
    }
    const removed = stats.tombstonesRemoved - before;
    if (removed > 0) logger.info({ removed }, "old tombstones removed");
  }

  async #collect(table: TombstoneTable): Promise<void> {
    const { store, stats, isLeading } = this.#parts;
    let after: TombstonePlace | undefined;
    do {
      if (!isLeading()) return;
      const retentionMs = this.#retentionMs;
      const { removed, next } = await store.remove(table, {
        after,
        limit: SLICE_ROWS,
        retentionMs,
      });
      stats.tombstonesRemoved += removed;
      after = next;
    } while (after !== undefined && (await this.#pause(PAUSE_MS)));
  }

  /** @returns whether to go on. */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    await delay(this.#parts.clock, ms, signal).catch(() => {});
    return !signal.aborted;
  }
}
