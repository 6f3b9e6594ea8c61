/**
 * Reading missing keys from the source: one load per key, whoever waits for it, and one statement
 * for the misses of a moment.
 *
 * A load may only fill the cache while nothing newer happened to its key. A write or invalidation
 * detaches the load under way: those who waited already still get its row (they asked before the
 * write was acknowledged), nobody later joins it, and it fills nothing.
 *
 * A refresh is a load that nobody waits for: of an entry that is stale, or soon would be (refresh-ahead.ts), and stays
 * as it is until then. Misses and refreshes of a key join each other.
 */
import { CacheError, type Clock, type Random } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { MAX_ENCODING } from "@holdfast/proto";
import { type LoadedRow, type Source, SourceMismatchError } from "../database/source.js";
import { PartitionMovingError } from "../ownership/ownership.js";
import type { Tenure } from "../ownership/tenure.js";
import type { FoundEntry } from "../store/entry.js";
import type { Store } from "../store/store.js";
import { Batcher } from "./batcher.js";
import { ABSENT, type NodeServices, type OperationContext, type ReadResult } from "./context.js";
import { withDeadline } from "./deadline.js";
import { type Lifetimes, lifetimeMs } from "./lifetimes.js";
import { ownSoftTtlMs, plain } from "./own-soft-ttl.js";
import type { RefreshAhead } from "./refresh-ahead.js";
import { RefreshPace } from "./refresh-pace.js";
import type { CacheCounters } from "./stats.js";

/** Keys and bytes in one statement, statements under way, and keys waiting, for each cache. */
const BATCH = { maxItems: 1_000, maxBytes: 16 * 2 ** 20, maxConcurrent: 4, maxWaiting: 20_000 };

/** A reader who gives up sooner says nothing about the database, but that he has little time. */
const SLOW_LOAD_MS = 1_000;

export interface LoadsOptions {
  readonly source: Source;
  readonly services: NodeServices;
  readonly counters: CacheCounters;
  readonly clock: Clock;
  readonly random: Random;
  /** Is told what loads take. */
  readonly ahead: RefreshAhead;
  readonly store: () => Store;
  readonly lifetimes: () => Lifetimes;
}

type LoadContext = Pick<OperationContext, "tenure" | "deadlineMs">;

interface Load {
  readonly tenure: Tenure;
  readonly result: Promise<ReadResult>;
  /** The version of the entry that is loaded anew; `undefined`: there was none. */
  readonly staleVersion: number | undefined;
  /** Monotonic. */
  readonly begunAtMs: number;
  hasEnded: boolean;
  isDetached: boolean;
  /** The partition was let go meanwhile; another owner may have written what this load missed. */
  isDiscarded: boolean;
}

export class Loads {
  readonly #options: LoadsOptions;
  readonly #underWay = new Map<string, Load>();
  readonly #batcher: Batcher<string, LoadedRow | CacheError>;
  readonly #refreshPace: RefreshPace;

  constructor(options: LoadsOptions) {
    this.#options = options;
    this.#refreshPace = new RefreshPace(options.clock, options.random);
    this.#batcher = new Batcher({
      ...BATCH,
      // What a row will take is not known; most are like those that are here already.
      bytesOf: () => options.store().meanEntryBytes,
      run: (keys) => this.#run(keys),
    });
  }

  /**
   * The row of a key, through the cache.
   *
   * @param staleVersion - of the entry that it is to replace; `undefined`: there is none.
   * @throws {CacheError} `UNAVAILABLE` when the database cannot be read, `INVALID_ARGUMENT` when
   *   the source cannot have such a key, `OVERLOADED`, `DEADLINE_EXCEEDED`.
   * @throws {PartitionMovingError} when the partition is on the move: the row is nobody's to serve.
   */
  load(key: string, context: LoadContext, staleVersion?: number): Promise<ReadResult> {
    return this.#inTime(this.#join(key, context.tenure, staleVersion), context);
  }

  /**
   * Loads an entry anew that is there, stale or not. Resolves when that has ended, well or not; `undefined`: it is
   * under way already, or is not to begin now.
   */
  refresh(key: string, tenure: Tenure, staleVersion: number): Promise<undefined> | undefined {
    const isUnderWay = this.#underWay.get(key)?.tenure === tenure;
    if (isUnderWay || !this.#refreshPace.tryBegin()) return undefined;
    const load = this.#begin(key, tenure, staleVersion);
    const refresh = this.#paced(load, load.result);
    // Whoever loads the key because it is gone is told of a failure. Of a refresh, its counter tells.
    return refresh.then(nothing, nothing);
  }

  /**
   * As `load`, of a key with a former value to be told if that fails. `undefined`: loads have failed a moment ago, and
   * nobody is to wait for this one.
   */
  tryLoad(key: string, context: LoadContext): Promise<ReadResult> | undefined {
    if (!this.#refreshPace.tryBegin(Number.POSITIVE_INFINITY)) return undefined;
    const load = this.#join(key, context.tenure, undefined);
    return this.#paced(load, this.#inTime(load, context));
  }

  /** What the source has of a key, past the cache and without a trace in it. @throws as `load`. */
  row(key: string, { tenure, deadlineMs }: LoadContext): Promise<LoadedRow> {
    return withDeadline(this.#read(key, tenure), this.#options.clock, deadlineMs, tookTooLong);
  }

  /** Something newer than any load under way has happened to the key. */
  detach(key: string): void {
    const load = this.#underWay.get(key);
    if (load === undefined) return;
    load.isDetached = true;
    this.#underWay.delete(key);
  }

  detachAll(): void {
    for (const key of [...this.#underWay.keys()]) this.detach(key);
  }

  /** The partition is being let go: what is loaded now is for nobody, even if it comes back. */
  discard(partition: number): void {
    for (const [key, load] of this.#underWay) {
      if (load.tenure.partition !== partition) continue;
      load.isDiscarded = true;
      this.#underWay.delete(key);
    }
  }

  #inTime({ result }: Load, { deadlineMs }: LoadContext): Promise<ReadResult> {
    return withDeadline(result, this.#options.clock, deadlineMs, tookTooLong);
  }

  /** The load that is under way, or a new one. */
  #join(key: string, tenure: Tenure, staleVersion: number | undefined): Load {
    const load = this.#underWay.get(key);
    return load?.tenure === tenure ? load : this.#begin(key, tenure, staleVersion);
  }

  #begin(key: string, tenure: Tenure, staleVersion: number | undefined): Load {
    this.detach(key);
    this.#options.counters.loads += 1;
    const load: Load = {
      tenure,
      staleVersion,
      begunAtMs: this.#options.clock.monotonic(),
      hasEnded: false,
      isDetached: false,
      isDiscarded: false,
      result: this.#read(key, tenure).then((row) => this.#finish(key, load, row)),
    };
    this.#underWay.set(key, load);
    const leave = () => {
      load.hasEnded = true;
      if (this.#underWay.get(key) === load) this.#underWay.delete(key);
    };
    load.result.then(leave, leave);
    return load;
  }

  /** Tells the pace how a load ends that it let begin. */
  async #paced(load: Load, result: Promise<ReadResult>): Promise<ReadResult> {
    const pace = this.#refreshPace;
    try {
      const read = await result;
      pace.succeeded();
      return read;
    } catch (error) {
      if (error instanceof PartitionMovingError || this.#isYoung(load)) pace.calledOff();
      else pace.failed();
      throw error;
    }
  }

  /** Whether a load is still under way, and not for long. */
  #isYoung({ hasEnded, begunAtMs }: Load): boolean {
    return !hasEnded && this.#options.clock.monotonic() - begunAtMs < SLOW_LOAD_MS;
  }

  async #read(key: string, tenure: Tenure): Promise<LoadedRow> {
    try {
      await this.#options.services.fenced(tenure);
      const row = await this.#batcher.add(key);
      if (row instanceof CacheError) throw row;
      return row;
    } catch (error) {
      this.#options.counters.loadFailures += 1;
      throw toUnavailable(error);
    }
  }

  #run(keys: readonly string[]): Promise<readonly (LoadedRow | CacheError)[]> {
    this.#options.counters.loadBatches += 1;
    return this.#options.source.load(keys);
  }

  /** In the tick in which the row arrived: looks whether it may be served, and keeps it. */
  #finish(key: string, load: Load, row: LoadedRow): ReadResult {
    const { services, clock, ahead } = this.#options;
    ahead.loaded(clock.monotonic() - load.begunAtMs);
    const { tenure } = load;
    if (load.isDiscarded || tenure.state.at !== "serving") {
      throw new PartitionMovingError(tenure.partition);
    }
    if (!services.mayFinish(tenure)) {
      throw new CacheError("UNAVAILABLE", "this node lost its right to serve during the load");
    }
    if (row.encoding > MAX_ENCODING) {
      const problem = `the row has encoding ${row.encoding}, which has no meaning`;
      throw new CacheError("INVALID_ARGUMENT", problem);
    }
    if (tenure.witness(row.version)) services.raiseTerm(tenure, tenure.requiredTerm);
    const expiresAtMs = row.expiresAtMs ?? Number.POSITIVE_INFINITY;
    if (load.isDetached) return toRead(row, expiresAtMs, clock.now());
    return this.#keep(key, row, load);
  }

  #keep(key: string, row: LoadedRow, { staleVersion }: Load): ReadResult {
    const { clock, random, store, lifetimes } = this.#options;
    const now = clock.now();
    const present = store().peek(key);
    // Nothing has happened to an entry that is still the stale one: the row is newer, whatever its version. Another
    // program may have deleted it.
    const isNewer = present !== undefined && present.version > row.version;
    if (present?.pinned || (isNewer && present.version !== staleVersion)) {
      return ofEntry(present, now, "MEMORY");
    }
    const { ttlMs, ttlJitter, negativeTtlMs } = lifetimes();
    const isNegative = row.value === undefined;
    const copyMs = isNegative ? negativeTtlMs : lifetimeMs(ttlMs, ttlJitter, random);
    const expiresAtMs = Math.min(now + copyMs, row.expiresAtMs ?? Number.POSITIVE_INFINITY);
    if (isNegative && negativeTtlMs === 0) {
      store().remove(key);
      return ABSENT;
    }
    const { value, version } = row;
    const encoding = isNegative ? 0 : row.encoding;
    const entry = { key, value, encoding, version, expiresAtMs, pinned: false };
    // Where there is no room for it, the caller gets the row all the same, and nothing older stays.
    if (!store().tryPut(entry)) store().remove(key);
    return toRead(row, expiresAtMs, now);
  }
}

export function ofEntry(
  entry: FoundEntry,
  nowMs: number,
  source: ReadResult["source"],
): ReadResult {
  const { version, writtenAtMs, expiresAtMs, unpersisted } = entry;
  const { value, encoding } = plain(entry);
  if (value === undefined) return { ...ABSENT, source, unpersisted };
  return {
    value,
    encoding,
    version,
    source,
    ageMs: Math.max(0, nowMs - writtenAtMs),
    stale: false,
    ttlLeftMs: expiresAtMs === Number.POSITIVE_INFINITY ? undefined : expiresAtMs - nowMs,
    softTtlMs: ownSoftTtlMs(entry),
    unpersisted,
  };
}

function toRead(row: LoadedRow, expiresAtMs: number, nowMs: number): ReadResult {
  if (row.value === undefined) return { ...ABSENT, source: "DATABASE" };
  const { value, encoding, version } = row;
  const ttlLeftMs = expiresAtMs === Number.POSITIVE_INFINITY ? undefined : expiresAtMs - nowMs;
  return {
    value,
    encoding,
    version,
    source: "DATABASE",
    ageMs: 0,
    stale: false,
    ttlLeftMs,
    unpersisted: false,
  };
}

function nothing(): undefined {}

function tookTooLong(): CacheError {
  return new CacheError("DEADLINE_EXCEEDED", "the database did not answer in time");
}

function toUnavailable(error: unknown): unknown {
  if (!(error instanceof DatabaseError || error instanceof SourceMismatchError)) return error;
  return new CacheError("UNAVAILABLE", `the key cannot be loaded: ${error.message}`, {
    cause: error,
  });
}
