/**
 * The memory that all stores of a node share.
 *
 * It counts real memory: the pages that stores have taken, and what else stores and others have charged for
 * their tables. When that would exceed the node's capacity, it says which store has to give something back;
 * what that is remains the matter of the store and its policy. A choice costs one comparison for each store.
 *
 * Pages that were given back take room until their segment is let go. Where they make the node take more than its
 * capacity by much, segments are emptied (`gather`).
 *
 * Every store is entitled to an even share, the capacity divided by the number of stores, and may
 * use more while others use less. Since the share is the same for all, the store that is furthest
 * beyond it is the one that uses most.
 */
import { MAPPED_BYTES } from "../memory/mapped.js";
import { MAX_MEMORY_BYTES, PAGE_BYTES, Pages } from "./pages.js";

/** What a store shows to the budget. */
export interface BudgetTenant {
  readonly usedBytes: number;
  /** Whether it has an entry that may be evicted now. */
  readonly hasVictim: boolean;
  /** What it needs beyond what it has, in bytes. Less may be needed whenever it has given something back. */
  readonly missingBytes: number;
  /** Gives back a page that it can do without, or evicts one entry. Called only while `hasVictim`. */
  giveBack(): void;
  /** Moves what is in a page elsewhere, and gives it back. Returns whether the page is this tenant's. */
  vacate(page: number): boolean;
}

/** How far the memory that is used and the pages that are idle may exceed the capacity: by a segment. */
const TOLERATED_BYTES: number = MAPPED_BYTES;

/** By how much tables grow for each page that is moved: emptying a segment of 512 pages yields as many. */
const GROWTH_PER_STEP_BYTES: number = PAGE_BYTES / 2;

export class MemoryBudget {
  readonly capacityBytes: number;
  readonly pages: Pages = new Pages();
  readonly #tenants = new Set<BudgetTenant>();
  #chargedBytes = 0;
  #pinnedBytes = 0;
  /** What was charged since the last step towards letting a segment go. */
  #grownBytes = 0;

  /** @throws {RangeError} unless above 0 and at most 32 GiB, which is as far as places reach. */
  constructor(capacityBytes: number) {
    if (!(capacityBytes > 0)) throw new RangeError("capacityBytes must be above 0");
    if (capacityBytes > MAX_MEMORY_BYTES) {
      throw new RangeError(`capacityBytes must be at most ${MAX_MEMORY_BYTES}, that is 32 GiB`);
    }
    this.capacityBytes = capacityBytes;
  }

  get usedBytes(): number {
    return this.pages.inUse * PAGE_BYTES + this.#chargedBytes;
  }

  /** The part of `usedBytes` that no eviction can give back. */
  get pinnedBytes(): number {
    return this.#pinnedBytes;
  }

  get freeBytes(): number {
    return this.capacityBytes - this.usedBytes;
  }

  join(tenant: BudgetTenant): void {
    this.#tenants.add(tenant);
  }

  /** Ends a tenancy. The tenant has given back all its bytes by then. */
  leave(tenant: BudgetTenant): void {
    this.#tenants.delete(tenant);
  }

  /** So much more memory is used beside the pages, and so much more of all is pinned; may be negative. */
  charge(usedDeltaBytes: number, pinnedDeltaBytes: number): void {
    this.#chargedBytes += usedDeltaBytes;
    if (usedDeltaBytes > 0) this.#grownBytes += usedDeltaBytes;
    this.#pinnedBytes += pinnedDeltaBytes;
  }

  /** Has stores give memory back until a tenant has what it misses, or nothing is left to evict. */
  makeRoom(tenant: BudgetTenant): void {
    while (tenant.missingBytes > this.freeBytes) {
      const largest = this.#largest(tenant, tenant.missingBytes);
      if (largest === undefined) return;
      largest.giveBack();
    }
  }

  /**
   * To be called now and then while tables grow: makes a step towards letting a segment go, if what is idle
   * makes the node take more than it may. A step moves what is in one page, which takes about a millisecond.
   */
  gather(): void {
    const takenBytes = this.usedBytes + this.pages.idle * PAGE_BYTES;
    if (takenBytes <= this.capacityBytes + TOLERATED_BYTES) return;
    if (this.#grownBytes < GROWTH_PER_STEP_BYTES) return;
    this.#grownBytes = 0;
    this.pages.trim();
    const page = this.pages.sparsestPage();
    if (page === undefined) return;
    for (const tenant of this.#tenants) if (tenant.vacate(page)) return;
  }

  /** The tenant that would use most once `growing` has grown, of those that can evict. */
  #largest(growing: BudgetTenant, growthBytes: number): BudgetTenant | undefined {
    let largest: BudgetTenant | undefined;
    let largestBytes = -1;
    for (const tenant of this.#tenants) {
      const bytes = tenant.usedBytes + (tenant === growing ? growthBytes : 0);
      if (bytes <= largestBytes || !tenant.hasVictim) continue;
      largest = tenant;
      largestBytes = bytes;
    }
    return largest;
  }
}
