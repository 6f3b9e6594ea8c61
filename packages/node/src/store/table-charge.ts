/** What the tables of a store count for in the node's memory, beside its pages. */
import type { MemoryBudget } from "./memory-budget.js";

/** Writes between two looks at what the tables take. */
const WRITES_PER_LOOK = 64;

/**
 * Most that is charged at once. Some tables begin to be used all at once, as that of last uses does with the first
 * bound on idleness: to make room for it in one `put` of a full store, a good part of it would have to be evicted
 * there and then. Memory is touched little by little, so charging it so is no less true. It is more than what new
 * entries add between two looks.
 */
const MOST_CHARGED_BYTES = 4_096;

export class TableCharge {
  readonly #budget: MemoryBudget;
  #bytes = 0;
  #writesUntilLook = WRITES_PER_LOOK;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Something was written. Returns whether it is time to tell what the tables take. */
  isDue(): boolean {
    return --this.#writesUntilLook <= 0;
  }

  /** The tables take so much now; of much more than before, the rest is charged with the writes that follow. */
  follow(bytes: number): void {
    const isAll = bytes - this.#bytes <= MOST_CHARGED_BYTES;
    this.#set(isAll ? bytes : this.#bytes + MOST_CHARGED_BYTES);
    this.#writesUntilLook = isAll ? WRITES_PER_LOOK : 0;
  }

  /** There are no tables any more. */
  end(): void {
    this.#set(0);
    this.#writesUntilLook = WRITES_PER_LOOK;
  }

  #set(bytes: number): void {
    this.#budget.charge(bytes - this.#bytes, 0);
    this.#bytes = bytes;
  }
}
