/**
 * A store as the memory budget of its node sees it (memory-budget.ts): what it uses, what it lacks for the record that
 * room is made for, and how it gives something back.
 */
import { NO_ENTRY } from "../eviction/index.js";
import { costOfLengths } from "./cost.js";
import type { BudgetTenant } from "./memory-budget.js";
import { PAGE_BYTES } from "./pages.js";
import type { StoreTables } from "./store-tables.js";
import type { TableCharge } from "./table-charge.js";

export interface StoreTenantParts {
  readonly tables: () => StoreTables;
  readonly charge: TableCharge;
  /** Evicts one entry for lack of the node's memory. */
  readonly evict: () => void;
}

export class StoreTenant implements BudgetTenant {
  readonly #parts: StoreTenantParts;
  #leadLength = 0;
  #valueLength = 0;
  /** During a `put`, the entry being replaced if the policy tracks it. */
  spared: number = NO_ENTRY;

  constructor(parts: StoreTenantParts) {
    this.#parts = parts;
  }

  get usedBytes(): number {
    const { tables, charge } = this.#parts;
    return tables().entries.pageCount * PAGE_BYTES + charge.bytes;
  }

  get hasVictim(): boolean {
    return this.#parts.tables().policy.size > (this.spared === NO_ENTRY ? 0 : 1);
  }

  get missingBytes(): number {
    const { entries } = this.#parts.tables();
    return entries.pagesFor(this.#leadLength, this.#valueLength) * PAGE_BYTES;
  }

  giveBack(): void {
    if (!this.#parts.tables().entries.compact()) this.#parts.evict();
  }

  vacate(page: number): boolean {
    return this.#parts.tables().entries.vacate(page);
  }

  /** From now on room is made for a record of these lengths. Returns what its entry costs. */
  want(leadLength: number, valueLength: number): number {
    this.#leadLength = leadLength;
    this.#valueLength = valueLength;
    return costOfLengths(leadLength, valueLength);
  }
}
