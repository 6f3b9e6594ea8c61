/**
 * One cache on this node: what reading, writing, touching, counting and clearing mean, the same for
 * all patterns. Where reads go that miss, and what a write must reach, is the pattern's part
 * (patterns/); who may ask at all has been decided before (operations.ts).
 *
 * What needs no waiting is answered in the tick in which it was asked. Whoever did wait looks again
 * whether this node may still answer. Writes of one key that must wait for something take turns.
 */
import { CacheError, type Clock, type Random } from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";
import type { Source } from "../database/source.js";
import { PartitionMovingError } from "../ownership/ownership.js";
import { costOf } from "../store/cost.js";
import type { Store } from "../store/store.js";
import { ABSENT, type NodeServices, type OperationContext, type ReadResult } from "./context.js";
import { withDeadline } from "./deadline.js";
import { KeyTurns } from "./key-turns.js";
import { checkTtl, lifetimeMs } from "./lifetimes.js";
import type { Loads } from "./loads.js";
import { ofEntry } from "./loads.js";
import type { Pattern } from "./patterns/pattern.js";
import type { CacheCounters } from "./stats.js";

export interface CacheParts {
  readonly config: () => CacheConfig;
  readonly store: () => Store;
  readonly pattern: Pattern;
  readonly source: Source | undefined;
  readonly loads: Loads | undefined;
  readonly services: NodeServices;
  readonly counters: CacheCounters;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a write is to make of an entry. */
export interface Change {
  /** `undefined`: delete it. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** Lifetime in milliseconds; 0: for ever; `undefined`: the cache's own. */
  readonly ttlMs: number | undefined;
}

export interface WriteResult {
  readonly version: number;
  /** The entry that was written. */
  readonly change: Change;
}

/** What a write finds, and what it makes of that; `undefined`: nothing is to be written. */
type Decision = (present: ReadResult) => Change | undefined;

/** A write on its way. */
interface Attempt {
  readonly key: string;
  readonly context: OperationContext;
  /** From then on a failure to answer leaves the outcome unknown. */
  hasVersion: boolean;
  /** The caller has been told that time ran out; the write must not begin any more. */
  isAbandoned: boolean;
}

export type WarmResult = "cached" | "absent" | "no-room";

export class Cache {
  readonly #parts: CacheParts;
  readonly #turns = new KeyTurns();
  #prepared: boolean;

  constructor(parts: CacheParts) {
    this.#parts = parts;
    this.#prepared = parts.source === undefined;
  }

  get(key: string, context: OperationContext): ReadResult | Promise<ReadResult> {
    const { store, counters, clock, pattern } = this.#parts;
    const unresolved = pattern.unresolved(key);
    if (unresolved !== undefined) return this.#getAfter(unresolved, key, context);
    const entry = store().get(key, context.tenure.partition);
    if (entry === undefined) {
      counters.misses += 1;
      return pattern.miss(key, context);
    }
    counters.hits += 1;
    if (entry.value === undefined) counters.negativeHits += 1;
    if (entry.pinned && pattern.hasExpiredDirty(key, clock.now())) {
      return { ...ABSENT, source: "MEMORY" };
    }
    return ofEntry(entry, clock.now(), "MEMORY");
  }

  /** @throws {CacheError} `READ_ONLY`, `INVALID_ARGUMENT`, `VALUE_TOO_LARGE`, `VERSION_CONFLICT` … */
  set(
    key: string,
    change: Change,
    expectedVersion: number | undefined,
    context: OperationContext,
  ): WriteResult | Promise<WriteResult> {
    this.#parts.counters.sets += 1;
    if (expectedVersion === undefined) return this.#write(key, context, change);
    return this.#modify(key, context, (present) => {
      checkVersion(present, expectedVersion);
      return change;
    }).then(written);
  }

  /** Deletes the entry, and the row behind it where the pattern writes. */
  delete(
    key: string,
    expectedVersion: number | undefined,
    context: OperationContext,
  ): WriteResult | Promise<WriteResult> {
    this.#parts.counters.deletes += 1;
    const change: Change = { value: undefined, encoding: 0, ttlMs: undefined };
    if (expectedVersion === undefined) return this.#write(key, context, change);
    return this.#modify(key, context, (present) => {
      checkVersion(present, expectedVersion);
      return change;
    }).then(written);
  }

  /**
   * Changes the present value, whatever it is when the write's turn has come.
   *
   * @returns `undefined` when `decide` did, and nothing was written.
   */
  modify(
    key: string,
    context: OperationContext,
    decide: Decision,
  ): Promise<WriteResult | undefined> {
    return this.#modify(key, context, decide);
  }

  /** Gives an entry a new lifetime. Returns its version; `undefined` when the key is absent. */
  async touch(
    key: string,
    ttlMs: number | undefined,
    context: OperationContext,
  ): Promise<number | undefined> {
    checkTtl(ttlMs);
    if (this.#ownsLifetimes) {
      const result = await this.#modify(key, context, ({ value, encoding }) =>
        value === undefined ? undefined : { value, encoding, ttlMs },
      );
      return result?.version;
    }
    const { store } = this.#parts;
    const { partition } = context.tenure;
    const present = await this.#read(key, context);
    if (present.value === undefined) return undefined;
    this.#checkStillOurs(context);
    const entry = store().peek(key, partition);
    if (entry !== undefined) store().setExpiry(entry, this.#copyExpiry(ttlMs));
    return present.version;
  }

  /** Loads a key ahead of its first read, if that costs nobody else's entry its place. */
  async warm(key: string, context: OperationContext): Promise<WarmResult> {
    const { loads, store } = this.#parts;
    if (loads === undefined) {
      throw new CacheError("INVALID_ARGUMENT", "a cache-aside cache has no source to warm from");
    }
    const { partition } = context.tenure;
    if (store().peek(key, partition) !== undefined) return "cached";
    if (!store().hasRoomFor(this.#expectedCost(key))) return "no-room";
    const result = await loads.load(key, context);
    return result.value === undefined ? "absent" : "cached";
  }

  /** Forgets every clean entry, and dirty ones as soon as the database has them. */
  clear(): void {
    const { store, loads, pattern } = this.#parts;
    loads?.detachAll();
    pattern.clear?.();
    store().clear();
  }

  /** An unconditional write: at once when nothing has to be awaited. */
  #write(
    key: string,
    context: OperationContext,
    change: Change,
  ): WriteResult | Promise<WriteResult> {
    this.#checkAllowed(change);
    return this.#inTurn(key, context, (attempt) => {
      const ready = this.#ready(key, change, context);
      if (ready === undefined) return this.#commit(attempt, change);
      return ready.then(() => this.#commit(attempt, change));
    });
  }

  async #modify(
    key: string,
    context: OperationContext,
    decide: Decision,
  ): Promise<WriteResult | undefined> {
    if (this.#parts.pattern.isReadOnly) throw readOnly();
    return this.#inTurn(key, context, async (attempt) => {
      let change = decide(await this.#read(key, context));
      if (change === undefined) return undefined;
      this.#checkAllowed(change);
      const ready = this.#ready(key, change, context);
      if (ready !== undefined) {
        await ready;
        // Others may have written nothing in between, but the entry may have expired.
        change = decide(await this.#read(key, context));
        if (change === undefined) return undefined;
      }
      return this.#commit(attempt, change);
    });
  }

  /** Runs a write when the key's earlier ones have ended, and answers by the deadline. */
  #inTurn<T>(
    key: string,
    context: OperationContext,
    action: (attempt: Attempt) => T | Promise<T>,
  ): T | Promise<T> {
    const { clock } = this.#parts;
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
    const ended = result.finally(() => {
      tenure.writesInFlight -= 1;
    });
    return withDeadline(ended, clock, deadlineMs, () => {
      attempt.isAbandoned = true;
      return timedOut(attempt);
    });
  }

  /** Assigns the version and writes. Everything that can be refused has been checked. */
  #commit(attempt: Attempt, change: Change): WriteResult | Promise<WriteResult> {
    const { pattern, services } = this.#parts;
    const { key, context } = attempt;
    const { tenure } = context;
    this.#checkStillOurs(context);
    if (attempt.isAbandoned) throw timedOut(attempt);
    const version = tenure.nextVersion();
    if (tenure.needsNewTerm) services.raiseTerm(tenure, tenure.term + 1);
    attempt.hasVersion = true;
    const { value, encoding, ttlMs } = change;
    const { partition } = tenure;
    const rowExpiresAtMs = this.#rowExpiry(ttlMs);
    const copyExpiresAtMs = Math.min(
      this.#copyExpiry(ttlMs),
      rowExpiresAtMs ?? Number.POSITIVE_INFINITY,
    );
    const mutation = { key, partition, version, value, encoding, rowExpiresAtMs, copyExpiresAtMs };
    const writing = pattern.write(mutation, context);
    const result: WriteResult = { version, change };
    if (writing === undefined) return result;
    return writing.then(() => {
      if (services.mayFinish(tenure)) return result;
      throw new CacheError(
        "OUTCOME_UNKNOWN",
        "this node lost its right to serve while the write was under way",
      );
    });
  }

  /** The present state of a key, for a write that depends on it. Not counted as a read. */
  #read(key: string, context: OperationContext): ReadResult | Promise<ReadResult> {
    const { store, pattern, clock } = this.#parts;
    const entry = store().get(key, context.tenure.partition);
    if (entry === undefined) return pattern.miss(key, context);
    if (entry.pinned && pattern.hasExpiredDirty(key, clock.now())) return ABSENT;
    return ofEntry(entry, clock.now(), "MEMORY");
  }

  async #getAfter(
    unresolved: Promise<void>,
    key: string,
    context: OperationContext,
  ): Promise<ReadResult> {
    await withDeadline(
      unresolved,
      this.#parts.clock,
      context.deadlineMs,
      () => new CacheError("UNAVAILABLE", "the outcome of a write to this key is being found out"),
    );
    this.#checkStillOurs(context);
    return this.get(key, context);
  }

  /** What a write must wait for before it may begin; `undefined`: nothing. */
  #ready(key: string, change: Change, context: OperationContext): Promise<void> | undefined {
    const { source, pattern } = this.#parts;
    if (!this.#prepared && source !== undefined) {
      return this.#prepare(source).then(() => this.#ready(key, change, context));
    }
    source?.check(key, change.value, change.encoding);
    return pattern.room(key, costOf(key, change.value), context);
  }

  async #prepare(source: Source): Promise<void> {
    try {
      await source.prepare();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CacheError("UNAVAILABLE", `the cache's source is not ready: ${why}`, {
        cause: error,
      });
    }
    this.#prepared = true;
  }

  #checkAllowed({ value, ttlMs }: Change): void {
    const { pattern, config } = this.#parts;
    if (value !== undefined && pattern.isReadOnly) throw readOnly();
    checkTtl(ttlMs);
    const { valueMaxBytes } = config();
    if (value !== undefined && value.byteLength > valueMaxBytes) {
      throw new CacheError(
        "VALUE_TOO_LARGE",
        `the value has ${value.byteLength} bytes; this cache takes at most ${valueMaxBytes}`,
      );
    }
  }

  /** Whoever waited may find that the partition has gone meanwhile. */
  #checkStillOurs({ tenure }: OperationContext): void {
    const { at } = tenure.state;
    if (at === "released" || at === "ended") throw new PartitionMovingError(tenure.partition);
    if (this.#parts.services.mayFinish(tenure)) return;
    throw new CacheError("UNAVAILABLE", "this node lost its right to serve; nothing was written");
  }

  /** Whether lifetimes belong to the rows, and not only to the copies of them here. */
  get #ownsLifetimes(): boolean {
    return this.#parts.config().source?.kind === "entries" && !this.#parts.pattern.isReadOnly;
  }

  #rowExpiry(ttlMs: number | undefined): number | undefined {
    if (!this.#ownsLifetimes || ttlMs === undefined || ttlMs === 0) return undefined;
    return this.#parts.clock.now() + ttlMs;
  }

  #copyExpiry(ttlMs: number | undefined): number {
    const { config, clock, random } = this.#parts;
    // What a caller states is meant exactly; only the cache's own lifetime is spread.
    const lifetime =
      ttlMs === undefined
        ? lifetimeMs(config().ttlMs, config().ttlJitter, random)
        : lifetimeMs(ttlMs, 0, random);
    return clock.now() + lifetime;
  }

  /** What an entry that is not here yet will probably take: as much as the others do. */
  #expectedCost(key: string): number {
    const { entries, bytes } = this.#parts.store().counts;
    return entries === 0 ? costOf(key, undefined) : bytes / entries;
  }
}

function checkVersion(present: ReadResult, expected: number): void {
  if (present.version === expected) return;
  const is = present.version === 0 ? "there is none" : `it has version ${present.version}`;
  const wants = expected === 0 ? "no entry" : `version ${expected}`;
  throw new CacheError("VERSION_CONFLICT", `the write expects ${wants}, but ${is}`);
}

function written(result: WriteResult | undefined): WriteResult {
  // A decision that always yields a change always yields a result.
  if (result === undefined) throw new TypeError("nothing was written");
  return result;
}

function readOnly(): CacheError {
  return new CacheError("READ_ONLY", "this cache is read-through: write to its database instead");
}

function timedOut({ hasVersion }: Attempt): CacheError {
  return hasVersion
    ? new CacheError("OUTCOME_UNKNOWN", "time ran out while the write was under way")
    : new CacheError(
        "DEADLINE_EXCEEDED",
        "time ran out before the write began; nothing was written",
      );
}
