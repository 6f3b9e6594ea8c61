/**
 * How a write comes about, the same for all patterns: checked, in its key's turn, with a version
 * from the tenure, carried out by the pattern, and answered by its deadline.
 *
 * What needs no waiting happens in the tick in which it was asked. A failure before the version is
 * assigned means that nothing was written; after it, only the pattern can say so. What a write must
 * still reach once it has been carried out, it reaches outside its key's turn.
 */
import { CacheError, type Clock } from "@holdfast/core";
import { MAX_ENCODING } from "@holdfast/proto";
import { PartitionMovingError } from "../ownership/ownership.js";
import type { Tenure } from "../ownership/tenure.js";
import { costOf } from "../store/cost.js";
import type { CacheParts } from "./cache.js";
import type { OperationContext, ReadResult } from "./context.js";
import { Deadlines } from "./deadline.js";
import { KeyTurns } from "./key-turns.js";
import { checkTtl, expiryOf } from "./lifetimes.js";
import type { Occurrence } from "./occurrence.js";
import type { Survival } from "./patterns/pattern.js";

/** What a write is to make of an entry. */
export interface Change {
  /** `undefined`: delete it. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** Lifetime in milliseconds; 0: for ever; `undefined`: the cache's own. */
  readonly ttlMs: number | undefined;
  /** From which age on it is stale, in milliseconds; 0: never; `undefined`: the cache's own. */
  readonly softTtlMs?: number | undefined;
}

export interface WriteResult {
  readonly version: number;
  /** What was made of the entry. */
  readonly change: Change;
  /** Whether it is on fewer nodes than its level asks for. */
  readonly degraded: boolean;
}

/** A write that has been carried out. */
interface Commit {
  readonly result: WriteResult;
  /** Resolves when it has reached what it is to survive; `undefined`: it has. */
  readonly survives: Promise<Survival> | undefined;
}

/** What a write makes of the entry that it finds; `undefined`: nothing is to be written. */
export type Decision = (present: ReadResult) => Change | undefined;

export type Read = (key: string, context: OperationContext) => ReadResult | Promise<ReadResult>;

/** A write on its way. */
export interface Attempt {
  readonly key: string;
  readonly context: OperationContext;
  /** From then on a failure to answer leaves the outcome unknown. */
  hasVersion: boolean;
  /** The caller has been told that time ran out; the write must not begin any more. */
  isAbandoned: boolean;
}

/** What a write says that is no more than a value and how it is encoded. */
export interface PlainWrite {
  readonly value: Uint8Array;
  readonly encoding: number;
  /** On the wall clock: now, or when the batch of the write began, in the same tick. */
  readonly writtenAtMs: number;
}

export class Writes {
  readonly #parts: CacheParts;
  readonly #read: Read;
  readonly #turns = new KeyTurns();
  readonly #deadlines: Deadlines;
  #isPrepared: boolean;

  /** @param read - the present entry of a key, in memory or in the database. */
  constructor(parts: CacheParts, read: Read) {
    this.#parts = parts;
    this.#read = read;
    this.#deadlines = new Deadlines(parts.clock);
    this.#isPrepared = parts.source === undefined;
  }

  /** Writes whatever is there now. At once, when nothing has to be awaited. */
  write(
    key: string,
    change: Change,
    context: OperationContext,
  ): WriteResult | Promise<WriteResult> {
    this.#checkAllowed(change);
    const commit = this.inTurn(key, context, (attempt) => this.#commitWhenReady(attempt, change));
    if (!(commit instanceof Promise)) return this.#acknowledge(commit, context);
    return commit.then((committed) => this.#acknowledge(committed, context));
  }

  /**
   * As `write`, of the key that was sought in the store in this tick, where memory is all that a write must reach and
   * nobody else has to be waited for, or told: without an object on the way. Returns the version; 0: nothing was
   * written, and `write` is to be asked.
   */
  writePlain({ value, encoding, writtenAtMs }: PlainWrite, tenure: Tenure): number {
    const { pattern, fills, store, config, random } = this.#parts;
    const isAlone = pattern.isMemoryAlone && this.#turns.isIdle && fills.isIdle;
    if (!isAlone || tenure.needsNewTerm) return 0;
    if (encoding > MAX_ENCODING || value.byteLength > config().valueMaxBytes) return 0;
    const stated = { ttlMs: undefined, writtenAtMs, ownsRows: false };
    const { copyExpiresAtMs } = expiryOf(stated, config(), random);
    try {
      const version = tenure.nextVersion();
      const expiresAtMs = copyExpiresAtMs;
      store().putSought({ value, encoding, version, expiresAtMs, pinned: false, writtenAtMs });
      return version;
    } catch (error) {
      // A version without a write is no harm.
      if (error instanceof CacheError) return 0;
      throw error;
    }
  }

  /** Writes what `decide` makes of the present entry; `undefined` when it makes nothing of it. */
  async modify(
    key: string,
    decide: Decision,
    context: OperationContext,
  ): Promise<WriteResult | undefined> {
    if (this.#parts.pattern.isReadOnly) throw readOnly();
    const commit = await this.inTurn(key, context, async (attempt) => {
      for (;;) {
        const present = await this.#read(key, context);
        // Memory may be behind by now; nothing is decided, or told, that rests on it.
        this.checkStillOurs(context);
        const change = decide(present);
        if (change === undefined) return undefined;
        this.#checkAllowed(change);
        const wait = this.#wait(key, change, context);
        if (wait === undefined) return this.#commit(attempt, change);
        await wait;
        // It is this key's turn, so nobody has written; but the entry may have expired meanwhile.
      }
    });
    return commit && this.#acknowledge(commit, context);
  }

  /** Whoever waited asks whether the partition is still here, and still ours to answer for. */
  checkStillOurs({ tenure }: OperationContext): void {
    const { at } = tenure.state;
    if (at === "released" || at === "ended") throw new PartitionMovingError(tenure.partition);
    if (this.#parts.services.mayFinish(tenure)) return;
    throw new CacheError("UNAVAILABLE", "this node lost its right to serve; nothing was written");
  }

  /**
   * Runs what may not happen together with a write of the key when the key's earlier ones have
   * ended, and answers by the deadline.
   */
  inTurn<T>(
    key: string,
    context: OperationContext,
    action: (attempt: Attempt) => T | Promise<T>,
  ): T | Promise<T> {
    const unresolved = this.#parts.pattern.unresolved(key);
    if (unresolved !== undefined) return this.#inTurnAfter(unresolved, key, context, action);
    const { tenure, deadlineMs } = context;
    const attempt: Attempt = { key, context, hasVersion: false, isAbandoned: false };
    tenure.writesInFlight += 1;
    let result: T | Promise<T>;
    try {
      result = this.#turns.run(key, () => {
        if (attempt.isAbandoned) throw timedOut(attempt);
        return action(attempt);
      });
    } catch (error) {
      tenure.writesInFlight -= 1;
      throw error;
    }
    if (!(result instanceof Promise)) {
      tenure.writesInFlight -= 1;
      return result;
    }
    // The tenure counts it until it has really ended, which may be after the caller was answered.
    const ended = result.finally(() => {
      tenure.writesInFlight -= 1;
    });
    return this.#deadlines.race(ended, deadlineMs, () => {
      attempt.isAbandoned = true;
      return timedOut(attempt);
    });
  }

  /** Joins the line only when it is known what became of the write before it. */
  async #inTurnAfter<T>(
    unresolved: Occurrence,
    key: string,
    context: OperationContext,
    action: (attempt: Attempt) => T | Promise<T>,
  ): Promise<T> {
    if (!(await unresolved.wait(this.#clock, context.deadlineMs))) {
      throw new CacheError(
        "DEADLINE_EXCEEDED",
        "the outcome of an earlier write to this key is being found out; nothing was written",
      );
    }
    this.checkStillOurs(context);
    return this.inTurn(key, context, action);
  }

  /** Looks again after every wait: what it waited for may have been taken by somebody else. */
  #commitWhenReady(attempt: Attempt, change: Change): Commit | Promise<Commit> {
    const wait = this.#wait(attempt.key, change, attempt.context);
    if (wait === undefined) return this.#commit(attempt, change);
    return wait.then(() => this.#commitWhenReady(attempt, change));
  }

  /** Assigns the version and writes. Everything that can be refused has been checked. */
  #commit(attempt: Attempt, change: Change): Commit | Promise<Commit> {
    const { pattern, services, fills, config, clock, random } = this.#parts;
    const { key, context } = attempt;
    const { tenure } = context;
    this.checkStillOurs(context);
    if (attempt.isAbandoned) throw timedOut(attempt);
    const version = tenure.nextVersion();
    if (tenure.needsNewTerm) services.raiseTerm(tenure, tenure.term + 1);
    attempt.hasVersion = true;
    const { value, encoding, ttlMs, softTtlMs } = change;
    const stated = { ttlMs, writtenAtMs: clock.now(), ownsRows: this.ownsRows };
    const lives = expiryOf(stated, config(), random);
    const { partition } = tenure;
    // Nothing that was loaded before may be stored after it.
    fills.changed(key, change);
    const mutation = { key, partition, version, value, encoding, softTtlMs, ...lives };
    const written = pattern.write(mutation, context);
    const result: WriteResult = { version, change, degraded: false };
    if (!(written instanceof Promise)) return { result, survives: written?.survives };
    // Nor what was loaded while it was on its way.
    const ended = written.finally(() => fills.changed(key, change));
    return ended.then(() => {
      if (services.mayFinish(tenure)) return { result, survives: undefined };
      throw lostRight();
    });
  }

  /** Waits for what a write is to survive, and asks once more for the right to answer. */
  #acknowledge(
    { result, survives }: Commit,
    { tenure, deadlineMs }: OperationContext,
  ): WriteResult | Promise<WriteResult> {
    if (survives === undefined) return result;
    tenure.writesInFlight += 1;
    const acknowledged = survives.then(
      (survival) => {
        tenure.writesInFlight -= 1;
        if (!this.#parts.services.mayFinish(tenure)) throw lostRight();
        return survival === "whole" ? result : { ...result, degraded: true };
      },
      (error: unknown) => {
        tenure.writesInFlight -= 1;
        throw error;
      },
    );
    return this.#deadlines.race(acknowledged, deadlineMs, () => timedOut({ hasVersion: true }));
  }

  /** What a write must wait for before it may be committed in this tick; `undefined`: nothing. */
  #wait(key: string, change: Change, context: OperationContext): Promise<void> | undefined {
    const { source, pattern } = this.#parts;
    if (!this.#isPrepared && source !== undefined) return this.#prepare(source);
    source?.check(key, change.value, change.encoding);
    return pattern.room(key, costOf(key, change.value), context);
  }

  async #prepare(source: NonNullable<CacheParts["source"]>): Promise<void> {
    try {
      await source.prepare();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const problem = `the cache's source is not ready: ${why}`;
      throw new CacheError("UNAVAILABLE", problem, { cause: error });
    }
    this.#isPrepared = true;
  }

  #checkAllowed({ value, encoding, ttlMs, softTtlMs }: Change): void {
    const { pattern, config } = this.#parts;
    if (value !== undefined && pattern.isReadOnly) throw readOnly();
    checkTtl(ttlMs);
    checkTtl(softTtlMs, "soft TTL");
    // One that the database's column cannot hold would fail the whole batch, for ever.
    if (encoding > MAX_ENCODING) {
      throw new CacheError("INVALID_ARGUMENT", `encoding ${encoding} has no meaning`);
    }
    const { valueMaxBytes } = config();
    if (value !== undefined && value.byteLength > valueMaxBytes) {
      throw new CacheError(
        "VALUE_TOO_LARGE",
        `the value has ${value.byteLength} bytes; this cache takes at most ${valueMaxBytes}`,
      );
    }
  }

  /** Whether a stated lifetime is the row's, and not only the copy's. */
  get ownsRows(): boolean {
    const { config, pattern } = this.#parts;
    return config().source?.kind === "entries" && !pattern.isReadOnly;
  }

  get #clock(): Clock {
    return this.#parts.clock;
  }
}

function readOnly(): CacheError {
  return new CacheError("READ_ONLY", "this cache is read-through: write to its database instead");
}

function lostRight(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "this node lost its right to serve while the write was under way",
  );
}

function timedOut({ hasVersion }: Pick<Attempt, "hasVersion">): CacheError {
  return hasVersion
    ? new CacheError("OUTCOME_UNKNOWN", "time ran out while the write was under way")
    : new CacheError(
        "DEADLINE_EXCEEDED",
        "time ran out before the write began; nothing was written",
      );
}
