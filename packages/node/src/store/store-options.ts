/** What a store is made with. */
import type { Clock, Placement } from "@holdfast/core";
import type { EvictionPolicyName } from "../eviction/index.js";
import type { Entry } from "./entry.js";
import type { MemoryBudget } from "./memory-budget.js";

/** Hears of every change of an entry that is not pinned, in the partitions that it watches. */
export interface StoreObserver {
  /** The partitions that are watched now. */
  readonly watched: Pick<ReadonlyMap<number, unknown>, "has" | "keys" | "size">;
  /** It is new, has another value or lifetime, or is pinned no longer. */
  kept(entry: Entry): void;
  gone(key: string, partition: number): void;
}

/** When entries end, beside the instant that each is given. */
export interface EndRules {
  /** How long an entry may be neither read nor written. Default: for ever. */
  readonly maxIdleMs?: number;
  /** How long a value is kept beyond its instant, for `findInGrace` alone. Default: 0. */
  readonly graceMs?: number;
}

export interface StoreOptions extends EndRules {
  /** The node's memory, shared with the stores of its other caches. */
  readonly budget: MemoryBudget;
  readonly placement: Placement;
  readonly policy: EvictionPolicyName;
  readonly clock: Clock;
  /** Most bytes for this store alone. Default: what the budget allows. */
  readonly maxBytes?: number;
  /** Most entries. Default: as many as fit. */
  readonly maxEntries?: number;
  readonly observer?: StoreObserver;
}
