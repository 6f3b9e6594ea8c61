/**
 * How much a store holds, and the bounds on it.
 *
 * Every entry is counted here when it comes, changes or goes, and the node's budget is told in the
 * same moment, so that the two never differ. Whether something has to be evicted is answered here;
 * doing it is the store's part.
 */
import { CacheError } from "@holdfast/core";
import type { Pin } from "./entry.js";
import type { MemoryBudget } from "./memory-budget.js";
import type { StoredEntry } from "./stored-entry.js";

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
  /** Entries removed for lack of space, and because their time had come; since the start. */
  readonly evictions: number;
  readonly expirations: number;
}

export interface OccupancyBounds {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export class Occupancy {
  readonly #budget: MemoryBudget;
  readonly bounds: OccupancyBounds;
  /** In the order in which they became so. */
  readonly #unpersisted = new Set<StoredEntry>();
  readonly #counts = {
    entries: 0,
    bytes: 0,
    pinnedEntries: 0,
    pinnedBytes: 0,
    unpersistedEntries: 0,
    unpersistedBytes: 0,
    evictions: 0,
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
  get unpersisted(): Iterable<StoredEntry> {
    return this.#unpersisted;
  }

  /** The entry came into the store. It costs nothing and is not pinned yet. */
  entered(): void {
    this.#counts.entries += 1;
  }

  /** Writes the entry's cost and pin, and counts the difference. */
  change(entry: StoredEntry, costBytes: number, pin: Pin): void {
    const isPinned = pin !== "none";
    const pinnedBytes = (isPinned ? costBytes : 0) - (entry.pinned ? entry.costBytes : 0);
    this.#counts.pinnedEntries += Number(isPinned) - Number(entry.pinned);
    this.#charge(costBytes - entry.costBytes, pinnedBytes);
    if (entry.unpersisted) this.#leaveUnpersisted(entry);
    entry.costBytes = costBytes;
    entry.pin = pin;
    if (entry.unpersisted) this.#joinUnpersisted(entry);
  }

  /** The entry left the store; it keeps its own fields. */
  left(entry: StoredEntry): void {
    this.#counts.entries -= 1;
    this.#counts.pinnedEntries -= Number(entry.pinned);
    this.#charge(-entry.costBytes, entry.pinned ? -entry.costBytes : 0);
    if (entry.unpersisted) this.#leaveUnpersisted(entry);
  }

  countEviction(): void {
    this.#counts.evictions += 1;
  }

  countExpiration(): void {
    this.#counts.expirations += 1;
  }

  /** Whether the store would break a bound of its own by growing so much. */
  wouldExceedOwnBounds(growthEntries: number, growthBytes: number): boolean {
    return (
      this.#counts.entries + growthEntries > this.bounds.maxEntries ||
      this.#counts.bytes + growthBytes > this.bounds.maxBytes
    );
  }

  /**
   * Refuses an entry for which not even evicting everything would make room.
   *
   * @throws {CacheError} `VALUE_TOO_LARGE` or `OVERLOADED`.
   */
  checkAdmissible(costBytes: number, replaced: StoredEntry | undefined): void {
    const { maxBytes, maxEntries } = this.bounds;
    if (costBytes > maxBytes) {
      const message = `an entry of ${costBytes} B exceeds the cache's ${maxBytes} B`;
      throw new CacheError("VALUE_TOO_LARGE", message);
    }
    const freedEntries = replaced?.pinned ? 1 : 0;
    const freedBytes = replaced?.pinned ? replaced.costBytes : 0;
    const isOverloaded =
      this.#counts.pinnedEntries - freedEntries + 1 > maxEntries ||
      this.#counts.pinnedBytes - freedBytes + costBytes > maxBytes ||
      this.#budget.pinnedBytes - freedBytes + costBytes > this.#budget.capacityBytes;
    if (isOverloaded) {
      throw new CacheError("OVERLOADED", "memory is full of entries that must not be evicted yet");
    }
  }

  #joinUnpersisted(entry: StoredEntry): void {
    this.#unpersisted.add(entry);
    this.#counts.unpersistedEntries += 1;
    this.#counts.unpersistedBytes += entry.costBytes;
  }

  #leaveUnpersisted(entry: StoredEntry): void {
    this.#unpersisted.delete(entry);
    this.#counts.unpersistedEntries -= 1;
    this.#counts.unpersistedBytes -= entry.costBytes;
  }

  #charge(bytes: number, pinnedBytes: number): void {
    this.#counts.bytes += bytes;
    this.#counts.pinnedBytes += pinnedBytes;
    this.#budget.charge(bytes, pinnedBytes);
  }
}
