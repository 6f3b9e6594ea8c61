/**
 * The memory that all stores of a node share.
 *
 * It keeps the sum of what the stores hold and, when that would exceed the node's capacity, says
 * which store has to give up a victim; which entry that is remains the matter of the store and its
 * policy. Stores report every change, so nothing here looks at entries, and a choice costs one
 * comparison for each store.
 *
 * Every store is entitled to an even share, the capacity divided by the number of stores, and may
 * use more while others use less. Since the share is the same for all, the store that is furthest
 * beyond it is the one that uses most.
 */

/** What a store shows to the budget. */
export interface BudgetTenant {
  readonly usedBytes: number;
  /** Whether it has an entry that may be evicted now. */
  readonly hasVictim: boolean;
  /** Evicts one entry and reports it with `charge`. Called only while `hasVictim`. */
  evictVictim(): void;
}

export class MemoryBudget {
  readonly capacityBytes: number;
  readonly #tenants = new Set<BudgetTenant>();
  #usedBytes = 0;
  #pinnedBytes = 0;

  constructor(capacityBytes: number) {
    if (!(capacityBytes > 0)) throw new RangeError("capacityBytes must be above 0");
    this.capacityBytes = capacityBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The part of `usedBytes` that no eviction can give back. */
  get pinnedBytes(): number {
    return this.#pinnedBytes;
  }

  get freeBytes(): number {
    return this.capacityBytes - this.#usedBytes;
  }

  join(tenant: BudgetTenant): void {
    this.#tenants.add(tenant);
  }

  /** Ends a tenancy. The tenant has given back all its bytes by then. */
  leave(tenant: BudgetTenant): void {
    this.#tenants.delete(tenant);
  }

  /** A tenant's use changed by this much; both may be negative. */
  charge(usedDeltaBytes: number, pinnedDeltaBytes: number): void {
    this.#usedBytes += usedDeltaBytes;
    this.#pinnedBytes += pinnedDeltaBytes;
  }

  /** Has stores evict until `tenant` can grow by `bytes`, or nothing is left to evict. */
  makeRoom(tenant: BudgetTenant, bytes: number): void {
    while (bytes > this.freeBytes) {
      const largest = this.#largest(tenant, bytes);
      if (largest === undefined) return;
      largest.evictVictim();
    }
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
