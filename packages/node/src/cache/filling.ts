/**
 * Loading by callers: a read that, where there is nothing, lets one asker of the cluster load the value, and the fill
 * with which he tells what he has found. Who that is, and who waits, is fills.ts's matter.
 *
 * In a cache with a source a miss asks that first, and only what it does not have either is a caller's to load. What
 * is stale, or soon would be, is loaded by callers only where there is no source: one has the token, and all use it
 * meanwhile. A fill is a write like any other, in its key's turn, and replaces nothing but what its loader missed.
 */
import { CacheError, type Clock } from "@holdfast/core";
import type { NewEntry } from "../store/entry.js";
import { type Key, textOf } from "../store/sought-key.js";
import type { Store } from "../store/store.js";
import type { Cache } from "./cache.js";
import { ABSENT, type OperationContext, type ReadResult } from "./context.js";
import type { Asked, Fill, Fills } from "./fills.js";
import type { Grace } from "./grace.js";
import { checkTtl } from "./lifetimes.js";
import { ofEntry } from "./loads.js";
import type { RefreshAhead } from "./refresh-ahead.js";
import type { CacheCounters } from "./stats.js";
import type { Change, WriteResult, Writes } from "./writes.js";

export type LoadResult =
  /** There is a value, or it is known that a loader would find nothing. */
  | { readonly at: "read"; readonly read: ReadResult }
  /** There is none, or a stale one, and the caller is to load it. */
  | {
      readonly at: "granted";
      readonly token: number;
      readonly read: ReadResult;
      /** There is a value in grace, should his loader fail. */
      readonly hasGrace: boolean;
    }
  /** Somebody else is loading it, and the time to wait is over. */
  | { readonly at: "filling" };

export interface StoredFill extends WriteResult {
  /** `undefined`: it does not expire, or had to go at once. */
  readonly ttlLeftMs: number | undefined;
}

export interface FailedFill {
  readonly wasGood: boolean;
  readonly read: ReadResult | undefined;
}

export interface FillingParts {
  readonly fills: Fills;
  readonly writes: Pick<Writes, "checkStillOurs">;
  readonly grace: Grace;
  readonly ahead: RefreshAhead;
  readonly store: () => Store;
  readonly cache: Pick<Cache, "get" | "modify">;
  /** It is a source that what is stale is loaded from, and not callers. */
  readonly isSourced: boolean;
  readonly counters: CacheCounters;
  readonly clock: Clock;
}

/** In place of the encoding of an absence: it was a loader that found nothing, and not the source. */
export const FOUND_BY_NO_LOADER = 1;

/** Refusals after which a value is not stored, but as good as ever for those who have waited for it. */
const NO_ROOM: ReadonlySet<string> = new Set(["VALUE_TOO_LARGE", "OVERLOADED"]);

/** Refusals that everybody's fill of this cache would meet with. */
const MISUSE: ReadonlySet<string> = new Set(["READ_ONLY", "INVALID_ARGUMENT"]);

export class Filling {
  readonly #parts: FillingParts;

  constructor(parts: FillingParts) {
    this.#parts = parts;
  }

  /**
   * Reads a key, and waits where somebody else loads it.
   *
   * @param waitMs - for how long to wait for him at most; `undefined`: until the deadline.
   * @throws {CacheError} as a read does; `LOAD_FAILED`; `OVERLOADED` when too many wait or load;
   *   `DEADLINE_EXCEEDED`.
   */
  load(
    key: Key,
    waitMs: number | undefined,
    context: OperationContext,
  ): LoadResult | Promise<LoadResult> {
    const untilMs = Math.min(
      context.deadlineMs,
      this.#parts.clock.monotonic() + (waitMs ?? Number.POSITIVE_INFINITY),
    );
    const read = this.#parts.cache.get(key, context);
    if (!(read instanceof Promise)) return this.#orToken(key, read, untilMs, context);
    return read.then((later) => this.#orToken(key, later, untilMs, context));
  }

  /** Lets the lease of a token begin anew. Returns whether the token is good. */
  renew(key: string, token: number): boolean {
    return this.#parts.fills.renew(key, token);
  }

  /**
   * Stores what was loaded under a token, if it is still good; `undefined`: it is not. Returns how long it lives, too.
   *
   * @throws {CacheError} as a write does. Those who wait get the value all the same where there is no
   *   room for it, and the error where no other value would fare better.
   */
  async found(
    key: string,
    token: number,
    change: Change,
    context: OperationContext,
  ): Promise<StoredFill | undefined> {
    const { fills, cache, ahead, isSourced, clock } = this.#parts;
    const fill = fills.begin(key, token, change);
    if (fill === undefined) return undefined;
    // Where there is a source, it is that which is asked ahead.
    if (!isSourced) ahead.loaded(clock.monotonic() - fill.grantedAtMs);
    // What was to be replaced may have ended meanwhile.
    const ifUnchanged = ({ version }: ReadResult): Change | undefined =>
      fills.isCurrent(fill) && (version === fill.version || version === 0) ? change : undefined;
    try {
      const result = await cache.modify(key, ifUnchanged, context);
      if (result === undefined) {
        fills.end(fill, { at: "changed" });
        return undefined;
      }
      const read = this.#loaded(key, result);
      fills.end(fill, { at: "loaded", read });
      return { ...result, ttlLeftMs: read.ttlLeftMs };
    } catch (error) {
      this.#refused(fill, change, CacheError.from(error));
      throw error;
    }
  }

  /**
   * The loader found nothing, which is remembered for so long, if at all; a stale value is not served any
   * longer. Returns whether the token was good.
   */
  foundNothing(key: string, token: number, ttlMs: number | undefined): boolean {
    const { fills } = this.#parts;
    checkTtl(ttlMs);
    const fill = fills.finish(key, token, { at: "loaded", read: ABSENT });
    if (fill === undefined) return false;
    this.#removeStale(fill);
    if (ttlMs) this.#rememberAbsent(key, ttlMs);
    return true;
  }

  /** The loader failed, for this reason. Returns whether the token was good, and what the key held before, in grace. */
  failed(key: string, token: number, message: string, context: OperationContext): FailedFill {
    const { fills, grace } = this.#parts;
    return { wasGood: fills.fail(key, token, message), read: grace.serve(key, context) };
  }

  /** Nobody has loaded anything. Returns whether the token was good. */
  returned(key: string, token: number): boolean {
    return this.#parts.fills.giveBack(key, token);
  }

  #orToken(
    key: Key,
    read: ReadResult,
    untilMs: number,
    context: OperationContext,
  ): LoadResult | Promise<LoadResult> {
    const { fills, isSourced, counters } = this.#parts;
    const isToBeLoaded = read.stale || read.isDue === true;
    const isFresh = read.value !== undefined && (isSourced || !isToBeLoaded);
    if (isFresh || this.#isKnownAbsent(key, read)) return { at: "read", read };
    const missed = { key: textOf(key), tenure: context.tenure, version: read.version };
    if (read.value !== undefined) {
      const asked = fills.tryRefresh(missed) ?? { at: "loaded", read };
      if (asked.at === "granted" && !read.stale) counters.refreshesAhead += 1;
      return this.#toResult(missed.key, asked, read, untilMs, context);
    }
    const former = (error: unknown) => this.#former(error, missed.key, context);
    try {
      const asked = fills.ask(missed, untilMs);
      if (!(asked instanceof Promise)) {
        return this.#toResult(missed.key, asked, read, untilMs, context);
      }
      return asked.then(
        (later) => this.#afterWaiting(missed.key, later, read, untilMs, context),
        former,
      );
    } catch (error) {
      return former(error);
    }
  }

  /** What a reader gets where nobody has loaded the key. @throws the failure, where nothing is in grace. */
  #former(failure: unknown, key: string, context: OperationContext): LoadResult {
    return { at: "read", read: this.#parts.grace.insteadOf(failure, key, context) };
  }

  async #afterWaiting(
    key: string,
    asked: Asked,
    read: ReadResult,
    untilMs: number,
    context: OperationContext,
  ): Promise<LoadResult> {
    const { writes, cache } = this.#parts;
    writes.checkStillOurs(context);
    if (asked.at !== "changed") return this.#toResult(key, asked, read, untilMs, context);
    return this.#orToken(key, await cache.get(key, context), untilMs, context);
  }

  #toResult(
    key: string,
    asked: Asked,
    read: ReadResult,
    untilMs: number,
    context: OperationContext,
  ): LoadResult {
    switch (asked.at) {
      case "granted": {
        const hasGrace = read.value === undefined && this.#parts.grace.has(key, context);
        return { at: "granted", token: asked.token, read, hasGrace };
      }
      case "loaded":
        return { at: "read", read: asked.read };
      default: {
        if (untilMs < context.deadlineMs) return { at: "filling" };
        const problem = "time ran out while another caller was loading the key";
        return this.#former(new CacheError("DEADLINE_EXCEEDED", problem), key, context);
      }
    }
  }

  /** The source may have what is missing, by and by; what no loader has found, it did not have either. */
  #isKnownAbsent(key: Key, { source }: ReadResult): boolean {
    if (source !== "MEMORY") return false;
    const entry = this.#parts.store().peek(key);
    return entry?.value === undefined && entry?.encoding === FOUND_BY_NO_LOADER;
  }

  /** What was there to be loaded anew is no more, and nobody is to see the old value again. */
  #removeStale({ key, version }: Fill): void {
    const store = this.#parts.store();
    const present = store.facts(key);
    // What is in grace goes, too.
    if (present === undefined) store.remove(key);
    else if (present.pinned || present.isAbsence) return;
    else if (present.version === version) store.remove(key);
  }

  #rememberAbsent(key: string, ttlMs: number): void {
    const store = this.#parts.store();
    const present = store.facts(key);
    // Somebody has asked the source meanwhile, and found something.
    if (present !== undefined && (present.pinned || !present.isAbsence)) return;
    const absence: NewEntry = {
      key,
      value: undefined,
      encoding: FOUND_BY_NO_LOADER,
      version: present?.version ?? 0,
      expiresAtMs: this.#parts.clock.now() + ttlMs,
      pinned: false,
    };
    // Where there is no room to remember it, the next one who asks runs his loader.
    store.tryPut(absence);
  }

  /** What those are told who have waited for a value that was stored. */
  #loaded(key: string, { version, change }: WriteResult): ReadResult {
    const { store, clock } = this.#parts;
    const entry = store().peek(key);
    // It may have had to go at once.
    if (entry?.version !== version) return unstored(change, version);
    return ofEntry(entry, clock.now(), "LOADER");
  }

  #refused(fill: Fill, change: Change, error: CacheError): void {
    const { fills } = this.#parts;
    // The client sends it again, uncompressed.
    if (error.code === "COMPRESSION_REFUSED") fills.resume(fill);
    else if (NO_ROOM.has(error.code)) fills.end(fill, { at: "loaded", read: unstored(change, 0) });
    else fills.end(fill, MISUSE.has(error.code) ? error : { at: "changed" });
  }
}

function unstored({ value, encoding }: Change, version: number): ReadResult {
  return { ...ABSENT, value, encoding, version, source: "LOADER" };
}
