/**
 * Write-through: the database first, then the cache, then the acknowledgement. Writes of one moment
 * share a statement (group commit); the cache lets one write of a key at a time come here.
 *
 * When the connection breaks while a statement is under way, nobody knows whether it was executed.
 * Such a write stays pending: its key is not readable, and the same guarded statement, which does
 * nothing the second time, is repeated until the database answers. Its caller is told at the
 * deadline that the outcome is unknown.
 */
import { backoffMs, CacheError, type Clock, delay, type Logger, type Random } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { type Key, textOf } from "../../store/sought-key.js";
import { Batcher } from "../batcher.js";
import type { NodeServices, OperationContext, ReadResult } from "../context.js";
import type { Loads } from "../loads.js";
import type { Memory } from "../memory.js";
import { Occurrence } from "../occurrence.js";
import {
  DeposedError,
  type Persister,
  type PersistOutcome,
  type PersistRow,
} from "../persister.js";
import type { CacheCounters } from "../stats.js";
import { type FlushReport, type Mutation, NOTHING_DIRTY, type Pattern } from "./pattern.js";

/** Rows and bytes in one statement, statements under way, and rows waiting. */
const BATCH = { maxItems: 500, maxBytes: 8 * 2 ** 20, maxConcurrent: 4, maxWaiting: 20_000 };

const RETRY = { baseMs: 20, maxMs: 1_000 };

/** One attempt in so many is logged: about every 20 s once the waits have grown. */
const REPORT_EVERY = 20;

export interface WriteThroughOptions {
  readonly memory: Memory;
  readonly loads: Loads;
  readonly persister: Persister;
  readonly services: NodeServices;
  readonly counters: CacheCounters;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class WriteThrough implements Pattern {
  readonly isReadOnly = false;
  readonly #options: WriteThroughOptions;
  readonly #batcher: Batcher<PersistRow, PersistOutcome | Error>;
  /** Keys with a write that may or may not have happened. */
  readonly #unresolved = new Map<string, Occurrence>();
  readonly #stopping = new AbortController();

  constructor(options: WriteThroughOptions) {
    this.#options = options;
    this.#batcher = new Batcher({
      ...BATCH,
      bytesOf: ({ value }) => value?.byteLength ?? 0,
      run: (rows) => this.#send(rows),
    });
  }

  miss(key: string, context: OperationContext): Promise<ReadResult> {
    return this.#options.loads.load(key, context);
  }

  /** Its writes are in the database when they are acknowledged. */
  async persisted(): Promise<boolean> {
    return true;
  }

  async flushKey(): Promise<FlushReport> {
    return NOTHING_DIRTY;
  }

  async flushAll(): Promise<FlushReport> {
    return NOTHING_DIRTY;
  }

  get hasUnresolved(): boolean {
    return this.#unresolved.size > 0;
  }

  unresolved(key: Key): Occurrence | undefined {
    // Hardly ever is there any, and then a key that came as bytes need not be made text.
    return this.#unresolved.size === 0 ? undefined : this.#unresolved.get(textOf(key));
  }

  room(): undefined {
    return undefined;
  }

  async write(mutation: Mutation, context: OperationContext): Promise<void> {
    const { loads, memory, services } = this.#options;
    const { key, version } = mutation;
    const outcome = await this.#persist(mutation, context);
    // Whatever is kept here is from before the write: from now on it may be too old.
    if (outcome.at === "behind" || !services.mayFinish(context.tenure)) {
      this.#forget(mutation, context);
    }
    if (outcome.at === "behind") {
      const why = "the partition waits for a higher term; nothing was written";
      throw new CacheError("UNAVAILABLE", why);
    }
    if (!services.mayFinish(context.tenure)) return;
    loads.detach(key);
    if (outcome.at === "superseded") memory.remove(key);
    else if (mutation.value === undefined) memory.rememberAbsent(key, version);
    else memory.keepIfRoom(mutation);
  }

  hasExpiredDirty(): boolean {
    return false;
  }

  /** Ends the search for unknown outcomes; what waits for one is told so. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
  }

  /** Repeats the statement while that is right, and returns what the database says. */
  async #persist(mutation: Mutation, context: OperationContext): Promise<PersistOutcome> {
    const { clock, random } = this.#options;
    const row: PersistRow = { ...mutation, expiresAtMs: mutation.rowExpiresAtMs };
    let unresolved: Occurrence | undefined;
    try {
      for (let attempt = 0; ; attempt++) {
        const answer = await this.#attempt(row);
        if (!(answer instanceof Error) && answer.at !== "lost") return answer;
        const failure = answer instanceof Error ? answer : new DeposedError();
        const wasSent = failure instanceof DatabaseError && failure.kind === "ambiguous";
        if (wasSent) unresolved ??= this.#markUnresolved(mutation.key);
        // Never sent, or refused as it stands: the database says that this write is not there.
        if (unresolved === undefined || isRowRefused(failure)) throw toCallersError(failure);
        if (this.#stopping.signal.aborted || context.tenure.state.at === "ended") {
          this.#forget(mutation, context);
          throw outcomeUnknown(failure);
        }
        this.#report(failure, context, attempt);
        const waitMs = backoffMs(attempt, RETRY, random);
        await delay(clock, waitMs, this.#stopping.signal).catch(() => {});
      }
    } finally {
      if (unresolved !== undefined) this.#unresolved.delete(mutation.key);
      unresolved?.happen();
    }
  }

  /** Makes sure that no copy from before the write is served, unless it is somebody else's by now. */
  #forget({ key, partition }: Mutation, { tenure }: OperationContext): void {
    const { loads, memory, services } = this.#options;
    loads.detach(key);
    if (services.tenureOf(partition) === tenure) memory.remove(key);
  }

  async #attempt(row: PersistRow): Promise<PersistOutcome | Error> {
    try {
      return await this.#batcher.add(row);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** One statement; if the database refuses a row, its neighbours are sent without it. */
  async #send(rows: readonly PersistRow[]): Promise<readonly (PersistOutcome | Error)[]> {
    const { counters, persister } = this.#options;
    try {
      counters.writeBatches += 1;
      const outcomes = await persister.send(rows);
      counters.writtenRows += rows.length;
      return outcomes;
    } catch (reason) {
      const error = reason instanceof Error ? reason : new Error(String(reason));
      // Each row gets its own answer: another part of the batch may have been written already.
      if (!isRowRefused(error) || rows.length === 1) return rows.map(() => error);
      const middle = rows.length >> 1;
      const first = await this.#send(rows.slice(0, middle));
      return [...first, ...(await this.#send(rows.slice(middle)))];
    }
  }

  #markUnresolved(key: string): Occurrence {
    const unresolved = new Occurrence();
    this.#unresolved.set(key, unresolved);
    return unresolved;
  }

  #report(failure: Error, { tenure }: OperationContext, attempt: number): void {
    if (attempt % REPORT_EVERY !== 0) return;
    this.#options.logger.warn(
      { err: failure, partition: tenure.partition, attempt },
      "the outcome of a write is unknown; asking the database again",
    );
  }
}

function isRowRefused(failure: Error): boolean {
  return failure instanceof DatabaseError && failure.kind === "refused" && failure.fault === "row";
}

/** For a write that is certainly not in the database. */
function toCallersError(failure: Error): Error {
  if (!(failure instanceof DatabaseError)) return failure;
  if (isRowRefused(failure)) {
    return new CacheError("INVALID_ARGUMENT", `${failure.message}; nothing was written`, {
      cause: failure,
    });
  }
  return new CacheError("UNAVAILABLE", `nothing was written: ${failure.message}`, {
    cause: failure,
  });
}

function outcomeUnknown(failure: Error): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the database did not say whether the write was executed",
    { cause: failure },
  );
}
