/**
 * Values past the end of their lifetime, which the store keeps for the cache's `grace`: what is told of a key whose
 * load has failed. To everything else such a key is missing: reads wait for the load, writes do not depend on it.
 *
 * Only an owner that still has its right to serve tells such a value, and none for longer than a reader takes it.
 * Whatever happens to the key ends it (../store/).
 */
import { CacheError, type Clock } from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";
import type { FoundEntry } from "../store/entry.js";
import type { Key } from "../store/sought-key.js";
import type { Store } from "../store/store.js";
import type { OperationContext, ReadResult } from "./context.js";
import { staleFromMs } from "./lifetimes.js";
import { ofEntry } from "./loads.js";
import type { CacheCounters } from "./stats.js";
import type { Writes } from "./writes.js";

export interface GraceParts {
  readonly config: () => CacheConfig;
  readonly store: () => Store;
  readonly writes: Pick<Writes, "checkStillOurs">;
  readonly counters: CacheCounters;
  readonly clock: Clock;
}

/** How loads fail of which nobody knows what they would have found. */
const FAILURES: ReadonlySet<string> = new Set([
  "LOAD_FAILED",
  "UNAVAILABLE",
  "OVERLOADED",
  "DEADLINE_EXCEEDED",
]);

export class Grace {
  readonly #parts: GraceParts;

  constructor(parts: GraceParts) {
    this.#parts = parts;
  }

  /** Whether there is a value for this reader, should the load of its key fail. */
  has(key: Key, context: OperationContext): boolean {
    return this.#find(key, context, false) !== undefined;
  }

  /** That value, served as stale; `undefined`: there is none, or not any more. */
  serve(key: Key, context: OperationContext): ReadResult | undefined {
    const entry = this.#find(key, context, true);
    if (entry === undefined) return undefined;
    const { counters, clock } = this.#parts;
    counters.servedInGrace += 1;
    return { ...ofEntry(entry, clock.now(), "MEMORY"), stale: true, ttlLeftMs: 0 };
  }

  /**
   * What is served because loading a key has failed.
   *
   * @throws the failure, where it is of another kind or there is nothing to serve; as `Writes.checkStillOurs`.
   */
  insteadOf(failure: unknown, key: Key, context: OperationContext): ReadResult {
    if (!(failure instanceof CacheError) || !FAILURES.has(failure.code)) throw failure;
    if (!this.has(key, context)) throw failure;
    this.#parts.writes.checkStillOurs(context);
    const served = this.serve(key, context);
    if (served === undefined) throw failure;
    return served;
  }

  #find(key: Key, context: OperationContext, isUse: boolean): FoundEntry | undefined {
    const { config, store, clock } = this.#parts;
    if (config().graceMs === 0) return undefined;
    const entry = store().findInGrace(key, isUse);
    if (entry === undefined) return undefined;
    const { maxStaleMs = Number.POSITIVE_INFINITY, keyHash } = context;
    const sinceMs = Math.min(entry.expiresAtMs, staleFromMs(entry, keyHash, config()));
    return clock.now() - sinceMs < maxStaleMs ? entry : undefined;
  }
}
