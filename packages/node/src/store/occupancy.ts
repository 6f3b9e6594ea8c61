/**
 * How much a store holds, and the bounds on it.
 *
 * Every entry is counted here when it comes, changes or goes, and the node's budget is told what is pinned in
 * the same moment, so that the two never differ. Whether something has to be evicted is answered here;
 * doing it is the store's part.
 */
import { CacheError } from "@holdfast/core";
import type { Pin } from "./entry.js";
import type { MemoryBudget } from "./memory-budget.js";

/** Plain numbers; bytes are costs as in cost.ts. */
export interface StoreCounts {
  readonly entries: number;
  readonly bytes: number;
  /** Those of the entries that are pinned, and their bytes. */
  readonly pinnedEntries: number;
  readonly pinnedBytes: number;
  /** Those of the pinned ones that the database refuses, and their bytes. */
  readonly unpersistedEntries: number;
  readonly unpersistedBytes: number;
  /** Entries removed for lack of space, since the start: all, and by reason. */
  readonly evictions: number;
  readonly capacityEvictions: number;
  readonly memoryEvictions: number;
  /** Those removed because their time had come. */
  readonly expirations: number;
}

/** What there was no room in: the bounds of the store itself, or the memory of the node. */
export type EvictionReason = "capacity" | "memory";

export interface OccupancyBounds {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

const NOTHING = {
  entries: 0,
  bytes: 0,
  pinnedEntries: 0,
  pinnedBytes: 0,
  unpersistedEntries: 0,
  unpersistedBytes: 0,
};

/** What an entry counts for, and how. */
export interface Counted {
  readonly costBytes: number;
  readonly pin: Pin;
}

export class Occupancy {
  readonly #budget: MemoryBudget;
  readonly bounds: OccupancyBounds;
  /** Ids, in the order in which they became so. */
  readonly #unpersisted = new Set<number>();
  readonly #counts = {
    ...NOTHING,
    evictions: 0,
    capacityEvictions: 0,
    memoryEvictions: 0,
    expirations: 0,
  };

  constructor(budget: MemoryBudget, bounds: OccupancyBounds) {
    this.#budget = budget;
    this.bounds = bounds;
  }

  /** A live view, not a copy. */
  get counts(): StoreCounts {
    return this.#counts;
  }

  /** The entries that the database refuses, the oldest refusal first. */
  get unpersisted(): Iterable<number> {
    return this.#unpersisted;
  }

  isUnpersisted(id: number): boolean {
    return this.#unpersisted.has(id);
  }

  entered(id: number, entry: Counted): void {
    this.#counts.entries += 1;
    this.#counts.bytes += entry.costBytes;
    this.#pin(id, entry);
  }

  changed(id: number, before: Counted, after: Counted): void {
    this.#counts.bytes += after.costBytes - before.costBytes;
    this.#unpin(id, before);
    this.#pin(id, after);
  }

  left(id: number, entry: Counted): void {
    this.#counts.entries -= 1;
    this.#counts.bytes -= entry.costBytes;
    this.#unpin(id, entry);
  }

  /** All have left. */
  emptied(): void {
    this.#budget.charge(0, -this.#counts.pinnedBytes);
    this.#unpersisted.clear();
    Object.assign(this.#counts, NOTHING);
  }

  countEviction(reason: EvictionReason): void {
    this.#counts.evictions += 1;
    if (reason === "capacity") this.#counts.capacityEvictions += 1;
    else this.#counts.memoryEvictions += 1;
  }

  countExpiration(): void {
    this.#counts.expirations += 1;
  }

  /**
   * Whether the store would break a bound of its own by growing so much. What the budget bounds as well is left to it:
   * it counts memory, of which costs are an estimate, and rather too much.
   */
  wouldExceedOwnBounds(growthEntries: number, growthBytes: number): boolean {
    const { maxBytes, maxEntries } = this.bounds;
    return (
      this.#counts.entries + growthEntries > maxEntries ||
      (maxBytes < this.#budget.capacityBytes && this.#counts.bytes + growthBytes > maxBytes)
    );
  }

  /**
   * Refuses an entry for which not even evicting everything would make room.
   *
   * @throws {CacheError} `VALUE_TOO_LARGE` or `OVERLOADED`.
   */
  checkAdmissible(costBytes: number, replaced: Counted | undefined): void {
    const { maxBytes, maxEntries } = this.bounds;
    if (costBytes > maxBytes) {
      const message = `an entry of ${costBytes} B exceeds the cache's ${maxBytes} B`;
      throw new CacheError("VALUE_TOO_LARGE", message);
    }
    const isFreed = replaced !== undefined && replaced.pin !== "none";
    const freedBytes = isFreed ? replaced.costBytes : 0;
    const isOverloaded =
      this.#counts.pinnedEntries - Number(isFreed) + 1 > maxEntries ||
      this.#counts.pinnedBytes - freedBytes + costBytes > maxBytes ||
      this.#budget.pinnedBytes - freedBytes + costBytes > this.#budget.capacityBytes;
    if (isOverloaded) {
      throw new CacheError("OVERLOADED", "memory is full of entries that must not be evicted yet");
    }
  }

  #pin(id: number, { costBytes, pin }: Counted): void {
    if (pin === "none") return;
    this.#charge(1, costBytes);
    if (pin === "dirty") return;
    this.#unpersisted.add(id);
    this.#counts.unpersistedEntries += 1;
    this.#counts.unpersistedBytes += costBytes;
  }

  #unpin(id: number, { costBytes, pin }: Counted): void {
    if (pin === "none") return;
    this.#charge(-1, -costBytes);
    if (pin === "dirty") return;
    this.#unpersisted.delete(id);
    this.#counts.unpersistedEntries -= 1;
    this.#counts.unpersistedBytes -= costBytes;
  }

  #charge(pinnedEntries: number, pinnedBytes: number): void {
    this.#counts.pinnedEntries += pinnedEntries;
    this.#counts.pinnedBytes += pinnedBytes;
    this.#budget.charge(0, pinnedBytes);
  }
}
