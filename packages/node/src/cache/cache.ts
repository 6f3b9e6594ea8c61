/**
 * One cache on this node: what reading, writing, touching, counting and clearing mean, the same for
 * all patterns. Where reads go that miss, and what a write must reach, is the pattern's part
 * (patterns/); how a write comes about is writes.ts's; who may ask at all has been decided before
 * (operations.ts).
 */
import { CacheError, type Clock, type Random } from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";
import type { CacheUsage } from "../curve/cache-usage.js";
import type { UsedEntry } from "../curve/miss-ratio-curve.js";
import type { Source } from "../database/source.js";
import type { ReplayOutcome } from "../journal/record.js";
import type { Tenure } from "../ownership/tenure.js";
import { costOf } from "../store/cost.js";
import type { Entry, FoundEntry } from "../store/entry.js";
import type { EntryInPlace } from "../store/entry-view.js";
import { type Key, textOf } from "../store/sought-key.js";
import type { Store } from "../store/store.js";
import { ABSENT, type NodeServices, type OperationContext, type ReadResult } from "./context.js";
import { withDeadline } from "./deadline.js";
import { Filling } from "./filling.js";
import type { Fills } from "./fills.js";
import { Grace } from "./grace.js";
import type { LetterRetry, RetriedLetter } from "./letter-retry.js";
import { checkTtl, expiryOf, staleFromMs, valueStaleFromMs } from "./lifetimes.js";
import { type Loads, ofEntry } from "./loads.js";
import type { Occurrence } from "./occurrence.js";
import { hasOwnSoftTtl } from "./own-soft-ttl.js";
import type { AcknowledgedWrite, FlushReport, Pattern } from "./patterns/pattern.js";
import type { RefreshAhead } from "./refresh-ahead.js";
import type { CacheCounters } from "./stats.js";
import { type Change, type Decision, type PlainWrite, type WriteResult, Writes } from "./writes.js";

export interface CacheParts {
  readonly config: () => CacheConfig;
  readonly store: () => Store;
  readonly pattern: Pattern;
  readonly source: Source | undefined;
  readonly loads: Loads | undefined;
  readonly fills: Fills;
  readonly ahead: RefreshAhead;
  /** `undefined`: the cache's writes never become dead letters. */
  readonly letterRetry: LetterRetry | undefined;
  readonly services: NodeServices;
  readonly counters: CacheCounters;
  readonly usage: CacheUsage;
  readonly clock: Clock;
  readonly random: Random;
}

export type WarmResult = "cached" | "absent" | "no-room";

const DELETION: Change = { value: undefined, encoding: 0, ttlMs: undefined };

export class Cache {
  readonly #parts: CacheParts;
  readonly #writes: Writes;
  readonly #grace: Grace;
  /** Loading by callers. */
  readonly filling: Filling;

  constructor(parts: CacheParts) {
    this.#parts = parts;
    const isSourced = parts.source !== undefined;
    const writes = new Writes(parts, (key, context) => this.#read(key, context));
    this.#writes = writes;
    const grace = new Grace({ ...parts, writes });
    this.#grace = grace;
    this.filling = new Filling({ ...parts, writes, grace, cache: this, isSourced });
  }

  /** In the same tick, when the entry is in memory; then a key that comes as bytes is never made text. */
  get(key: Key, context: OperationContext): ReadResult | Promise<ReadResult> {
    const { store, counters, usage, clock, pattern } = this.#parts;
    pattern.checkComplete?.(context);
    const unresolved = pattern.unresolved(key);
    if (unresolved !== undefined) return this.#getAfter(unresolved, textOf(key), context);
    const entry = store().get(key);
    if (entry === undefined) return this.#getMissing(textOf(key), context);
    usage.hit(context.keyHash, this.#toUsed(entry));
    if (entry.pinned) return this.#getPinned({ ...entry, key: textOf(key) }, context);
    const now = clock.now();
    const staleMs = now - staleFromMs(entry, context.keyHash, this.#parts.config());
    if (staleMs >= 0 && staleMs >= (context.maxStaleMs ?? Number.POSITIVE_INFINITY)) {
      return this.#getTooStale(textOf(key), entry.version, context);
    }
    this.#countHit(entry);
    const read = ofEntry(entry, now, "MEMORY");
    if (staleMs < 0) return this.#refreshAhead(key, entry, read, -staleMs, context);
    counters.staleHits += 1;
    this.#refresh(textOf(key), entry.version, context);
    return { ...read, stale: true };
  }

  /** A fresh entry, as it was read; some of the reads near its end begin to load it anew. */
  #refreshAhead(
    key: Key,
    { value, version, expiresAtMs, writtenAtMs }: FoundEntry,
    read: ReadResult,
    freshLeftMs: number,
    context: OperationContext,
  ): ReadResult {
    const { ahead, loads, counters, clock } = this.#parts;
    const nowMs = clock.now();
    const leftMs = Math.min(freshLeftMs, expiresAtMs - nowMs);
    if (value === undefined || !ahead.isDue(leftMs, nowMs - writtenAtMs)) return read;
    if (loads === undefined) return { ...read, isDue: true };
    if (this.#refresh(textOf(key), version, context)) counters.refreshesAhead += 1;
    return read;
  }

  /**
   * The entry in memory of a key that is a part of bytes, as `Store.findSought` tells it, if there is nothing to say of
   * it that `get` would have to. It has been read when it was told to `usedPlain`, in the same tick.
   */
  findPlain(
    bytes: Uint8Array,
    start: number,
    end: number,
    nowMs: number,
  ): EntryInPlace | undefined {
    const { store, config, pattern, ahead } = this.#parts;
    if (pattern.hasUnresolved) return undefined;
    const present = store();
    if (!present.sought.setPart(bytes, start, end)) return undefined;
    const entry = present.findSought();
    if (entry === undefined || entry.pinned || hasOwnSoftTtl(entry.encoding)) return undefined;
    const lifetimes = config();
    const { softTtlMs, refreshAhead } = lifetimes;
    if (softTtlMs === 0 && refreshAhead === 0) return entry;
    const staleFromMs =
      softTtlMs === 0
        ? Number.POSITIVE_INFINITY
        : valueStaleFromMs(entry.writtenAtMs(nowMs), entry.hash, lifetimes);
    const freshUntilMs = Math.min(staleFromMs, entry.expiresAtMs);
    return freshUntilMs - nowMs > ahead.windowMs ? entry : undefined;
  }

  usedPlain(entry: EntryInPlace): void {
    const { store, usage, counters } = this.#parts;
    store().useInPlace();
    usage.hit(entry.hash, this.#toUsed(entry));
    counters.hits += 1;
  }

  /**
   * As `set`, of a value under the key that was sought in the store in this tick, where there is no more to do
   * about it than to put it there. Returns the version; 0: nothing was written, and `set` is to be asked.
   */
  setPlain(content: PlainWrite, tenure: Tenure): number {
    const { store, counters, usage } = this.#parts;
    const hash = store().sought.hash | 0;
    const version = this.#writes.writePlain(content, tenure);
    if (version === 0) return 0;
    counters.sets += 1;
    const entry = usage.samples(hash) ? store().findSought() : undefined;
    if (entry !== undefined) usage.kept(hash, this.#toUsed(entry));
    return version;
  }

  /**
   * @param expectedVersion - write only if the entry has it; 0: only if there is none; `undefined`:
   *   whatever is there.
   * @throws {CacheError} `READ_ONLY`, `INVALID_ARGUMENT`, `VALUE_TOO_LARGE`, `VERSION_CONFLICT`,
   *   `OVERLOADED`, `UNAVAILABLE`, `DEADLINE_EXCEEDED`: nothing was written. `OUTCOME_UNKNOWN`.
   */
  set(
    key: string,
    change: Change,
    expectedVersion: number | undefined,
    context: OperationContext,
  ): WriteResult | Promise<WriteResult> {
    this.#parts.counters.sets += 1;
    return this.#followed(this.#write(key, change, expectedVersion, context), key, context);
  }

  /** Deletes the entry, and the row behind it where the pattern writes. As `set`. */
  delete(
    key: string,
    expectedVersion: number | undefined,
    context: OperationContext,
  ): WriteResult | Promise<WriteResult> {
    this.#parts.counters.deletes += 1;
    this.#parts.usage.gone(context.keyHash);
    return this.#write(key, DELETION, expectedVersion, context);
  }

  /** Writes what `decide` makes of the present entry; `undefined` when it makes nothing of it. */
  async modify(
    key: string,
    decide: Decision,
    context: OperationContext,
  ): Promise<WriteResult | undefined> {
    this.#parts.pattern.checkComplete?.(context);
    return this.#followed(this.#writes.modify(key, decide, context), key, context);
  }

  /** Gives an entry a new lifetime. Returns its version; `undefined` when the key is absent. */
  async touch(
    key: string,
    ttlMs: number | undefined,
    context: OperationContext,
  ): Promise<number | undefined> {
    checkTtl(ttlMs);
    this.#parts.pattern.checkComplete?.(context);
    if (this.#writes.ownsRows) {
      const again: Decision = ({ value, encoding, softTtlMs }) =>
        value && { value, encoding, ttlMs, softTtlMs };
      return (await this.#writes.modify(key, again, context))?.version;
    }
    const present = await this.#read(key, context);
    this.#writes.checkStillOurs(context);
    if (present.value === undefined) return undefined;
    const { store, config, clock, random } = this.#parts;
    const stated = { ttlMs, writtenAtMs: clock.now(), ownsRows: false };
    const { copyExpiresAtMs } = expiryOf(stated, config(), random);
    store().setExpiry(key, copyExpiresAtMs);
    return present.version;
  }

  /** Loads a key ahead of its first read, if that costs nobody else's entry its place. */
  async warm(key: string, context: OperationContext): Promise<WarmResult> {
    const { loads, store, pattern } = this.#parts;
    pattern.checkComplete?.(context);
    if (loads === undefined) {
      throw new CacheError("INVALID_ARGUMENT", "a cache-aside cache has no source to warm from");
    }
    if (store().facts(key) !== undefined) return "cached";
    if (!store().hasRoomFor(this.#expectedCost(key))) return "no-room";
    const result = await loads.load(key, context);
    return result.value === undefined ? "absent" : "cached";
  }

  /**
   * Waits until the database has this version of a key, or a later one; `false`: it had not at the
   * deadline.
   *
   * @throws {CacheError} `DEAD_LETTER`, `WRITE_LOST`; `INVALID_ARGUMENT` where nothing is written to a
   *   database; `UNAVAILABLE`.
   */
  async persisted(key: string, version: number, context: OperationContext): Promise<boolean> {
    const { pattern } = this.#parts;
    if (pattern.persisted === undefined) throw writesNoDatabase();
    pattern.checkComplete?.(context);
    return pattern.persisted(key, version, context);
  }

  /**
   * Sends the newest write of a key to the database now, and waits for it until the deadline.
   *
   * @throws {CacheError} as `persisted`.
   */
  async flushKey(key: string, context: OperationContext): Promise<FlushReport> {
    const { pattern } = this.#parts;
    if (pattern.flushKey === undefined) throw writesNoDatabase();
    pattern.checkComplete?.(context);
    return pattern.flushKey(key, context);
  }

  /** As `flushKey`, of everything that is dirty on this node. */
  async flushAll(deadlineMs: number): Promise<FlushReport> {
    const { pattern } = this.#parts;
    if (pattern.flushAll === undefined) throw writesNoDatabase();
    return pattern.flushAll(deadlineMs);
  }

  /** Takes over a write that an earlier owner acknowledged. @throws {CacheError} as a read does. */
  async replay(write: AcknowledgedWrite, context: OperationContext): Promise<ReplayOutcome> {
    const { pattern, fills } = this.#parts;
    if (pattern.takeOver === undefined) return "later";
    return this.#writes.inTurn(write.key, context, async () => {
      try {
        return (await pattern.takeOver?.(write, context)) ?? "later";
      } finally {
        fills.changed(write.key);
      }
    });
  }

  /**
   * Sends a dead letter to the database once more.
   *
   * @throws {CacheError} `INVALID_ARGUMENT`, and as `LetterRetry.retry`.
   */
  async retryLetter(
    key: string,
    version: number,
    context: OperationContext,
  ): Promise<RetriedLetter> {
    const { letterRetry, pattern, fills } = this.#parts;
    if (letterRetry === undefined) {
      throw new CacheError("INVALID_ARGUMENT", "only write-behind caches have dead letters");
    }
    pattern.checkComplete?.(context);
    const retry = () => letterRetry.retry(key, version, context);
    return this.#writes.inTurn(key, context, () => retry().finally(() => fills.changed(key)));
  }

  /**
   * Lets go of what memory keeps of a dead letter that is about to be dropped: readers see the key's row.
   *
   * @throws {CacheError} `UNAVAILABLE` while the write is dirty: it is a letter, but not settled yet.
   */
  forgetLetter(key: string, partition: number, version: number): void {
    const { store, pattern } = this.#parts;
    if (pattern.queue?.get(key, partition)?.version === version) {
      throw new CacheError("UNAVAILABLE", "the letter is being put aside; nothing was done");
    }
    const entry = store().facts(key);
    if (entry?.unpersisted && entry.version === version) store().remove(key);
  }

  /** Takes over a write that this node has kept for the owner before. */
  adopt(write: AcknowledgedWrite): void {
    this.#parts.pattern.adopt?.(write);
    this.#parts.fills.changed(write.key);
  }

  /** Forgets every entry that is not dirty, and dirty ones as soon as the database has them. */
  clear(): void {
    const { store, loads, fills, pattern, usage } = this.#parts;
    loads?.detachAll();
    usage.clear();
    pattern.clear?.();
    store().clear();
    fills.allChanged();
  }

  #write(
    key: string,
    change: Change,
    expectedVersion: number | undefined,
    context: OperationContext,
  ): WriteResult | Promise<WriteResult> {
    this.#parts.pattern.checkComplete?.(context);
    if (expectedVersion === undefined) return this.#writes.write(key, change, context);
    const ifExpected: Decision = (present) => {
      checkVersion(present, expectedVersion);
      return change;
    };
    return this.#writes.modify(key, ifExpected, context).then((result) => {
      // The decision always yields a change, so there always is a result.
      if (result === undefined) throw new TypeError("nothing was written");
      return result;
    });
  }

  /** Tells the curves what an operation has brought to memory, once it has ended. */
  #followed<T extends object | undefined>(
    result: T | Promise<T>,
    key: string,
    { keyHash }: OperationContext,
  ): T | Promise<T> {
    const { usage, store } = this.#parts;
    if (!usage.samples(keyHash)) return result;
    const tell = () => {
      const entry = store().peek(key);
      if (entry !== undefined) usage.kept(keyHash, this.#toUsed(entry));
    };
    if (result instanceof Promise) return result.finally(tell);
    tell();
    return result;
  }

  /** An entry as it is when it has just been used: its end is then known, as long as nobody uses it again. */
  #toUsed(entry: UsedEntry): UsedEntry {
    const { config, clock } = this.#parts;
    const { maxIdleMs } = config();
    if (maxIdleMs === 0) return entry;
    const { costBytes, expiresAtMs } = entry;
    return { costBytes, expiresAtMs: Math.min(expiresAtMs, clock.now() + maxIdleMs) };
  }

  #getMissing(key: string, context: OperationContext): ReadResult | Promise<ReadResult> {
    const { counters, usage } = this.#parts;
    counters.misses += 1;
    usage.miss(context.keyHash);
    return this.#followed(this.#loadOrGrace(key, context), key, context);
  }

  /** What the pattern makes of a miss; what the key held before, where that fails or is not worth waiting for. */
  #loadOrGrace(key: string, context: OperationContext): ReadResult | Promise<ReadResult> {
    const { loads, pattern } = this.#parts;
    if (loads === undefined || !this.#grace.has(key, context)) return pattern.miss(key, context);
    const load = loads.tryLoad(key, context);
    if (load !== undefined) {
      return load.catch((error: unknown) => this.#grace.insteadOf(error, key, context));
    }
    return this.#grace.serve(key, context) ?? pattern.miss(key, context);
  }

  /** As a miss, but what is loaded takes the place of this version. */
  #getTooStale(
    key: string,
    version: number,
    context: OperationContext,
  ): ReadResult | Promise<ReadResult> {
    const { counters, loads } = this.#parts;
    counters.misses += 1;
    if (loads === undefined) return { ...ABSENT, version };
    return this.#followed(loads.load(key, context, version), key, context);
  }

  /** What is dirty may not be committed yet, or have expired. */
  #getPinned(entry: Entry, context: OperationContext): ReadResult | Promise<ReadResult> {
    const { clock, pattern } = this.#parts;
    const uncommitted = pattern.uncommitted?.(entry.key, entry.partition);
    if (uncommitted !== undefined) return this.#getWhenCommitted(uncommitted, entry, context);
    this.#countHit(entry);
    const now = clock.now();
    if (pattern.hasExpiredDirty(entry, now)) return { ...ABSENT, source: "MEMORY" };
    return ofEntry(entry, now, "MEMORY");
  }

  #countHit({ value }: FoundEntry): void {
    const { counters } = this.#parts;
    counters.hits += 1;
    if (value === undefined) counters.negativeHits += 1;
  }

  /** Returns whether a refresh has begun. */
  #refresh(key: string, version: number, context: OperationContext): boolean {
    const refresh = this.#parts.loads?.refresh(key, context.tenure, version);
    if (refresh === undefined) return false;
    void this.#followed(refresh, key, context);
    return true;
  }

  /** The present state of a key, for a write that depends on it. Not counted as a read. */
  #read(key: string, context: OperationContext): ReadResult | Promise<ReadResult> {
    const { store, pattern, clock } = this.#parts;
    const entry = store().get(key);
    if (entry === undefined) return pattern.miss(key, context);
    const uncommitted = entry.pinned ? pattern.uncommitted?.(key, entry.partition) : undefined;
    if (uncommitted !== undefined) {
      return this.#committed(uncommitted, context).then(() => this.#read(key, context));
    }
    const hasExpired = entry.pinned && pattern.hasExpiredDirty({ ...entry, key }, clock.now());
    if (hasExpired) return ABSENT;
    return ofEntry(entry, clock.now(), "MEMORY");
  }

  async #getAfter(
    unresolved: Occurrence,
    key: string,
    context: OperationContext,
  ): Promise<ReadResult> {
    if (!(await unresolved.wait(this.#parts.clock, context.deadlineMs))) {
      throw new CacheError("UNAVAILABLE", "the outcome of a write to this key is being found out");
    }
    this.#writes.checkStillOurs(context);
    return this.get(key, context);
  }

  /**
   * What was there when the read came, as soon as it can no longer be lost. Of a key that is written
   * all the time, the newest write never can be waited for.
   */
  async #getWhenCommitted(
    committed: Promise<unknown>,
    entry: Entry,
    context: OperationContext,
  ): Promise<ReadResult> {
    const { clock, counters, pattern } = this.#parts;
    const hasExpired = pattern.hasExpiredDirty(entry, clock.now());
    const read = hasExpired ? ABSENT : ofEntry(entry, clock.now(), "MEMORY");
    await this.#committed(committed, context);
    counters.hits += 1;
    return { ...read, source: "MEMORY" };
  }

  async #committed(committed: Promise<unknown>, context: OperationContext): Promise<void> {
    const { clock } = this.#parts;
    await withDeadline(committed, clock, context.deadlineMs, () => {
      const problem = "the newest write of this key has not reached its backups or its journal";
      return new CacheError("UNAVAILABLE", problem);
    }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new CacheError("UNAVAILABLE", `the newest write of this key may be lost: ${why}`);
    });
    this.#writes.checkStillOurs(context);
  }

  /** What an entry that is not here yet will probably take: as much as the others do. */
  #expectedCost(key: string): number {
    return Math.max(costOf(key, undefined), this.#parts.store().meanEntryBytes);
  }
}

function writesNoDatabase(): CacheError {
  return new CacheError("INVALID_ARGUMENT", "this cache's pattern writes to no database");
}

function checkVersion(present: ReadResult, expected: number): void {
  if (present.version === expected) return;
  const is = present.version === 0 ? "there is none" : `it has version ${present.version}`;
  const wants = expected === 0 ? "no entry" : `version ${expected}`;
  throw new CacheError("VERSION_CONFLICT", `the write expects ${wants}, but ${is}`);
}
