/**
 * Entries in the order of their first unsent write: first in, first out, where one may be replaced in
 * its place, or taken out of the middle. Every entry knows its slot, so each of that is one step.
 */
import type { DirtyEntry } from "./dirty-entry.js";

/** Empty slots at the front before they are given up, in one go with as many taken ones at most. */
const SPARE_SLOTS = 1_024;

export class WaitingLine {
  #slots: (DirtyEntry | undefined)[] = [];
  /** Where in `#slots` the first taken one may be. */
  #front = 0;
  /** The slot that the first of `#slots` stands for. */
  #base = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): DirtyEntry | undefined {
    while (this.#front < this.#slots.length) {
      const entry = this.#slots[this.#front];
      if (entry !== undefined) return entry;
      this.#front += 1;
    }
    return undefined;
  }

  *[Symbol.iterator](): Iterator<DirtyEntry> {
    for (let index = this.#front; index < this.#slots.length; index++) {
      const entry = this.#slots[index];
      if (entry !== undefined) yield entry;
    }
  }

  push(entry: DirtyEntry): void {
    entry.slot = this.#base + this.#slots.length;
    this.#slots.push(entry);
    this.#size += 1;
  }

  replace(old: DirtyEntry, entry: DirtyEntry): void {
    entry.slot = old.slot;
    this.#slots[old.slot - this.#base] = entry;
  }

  remove(entry: DirtyEntry): void {
    this.#slots[entry.slot - this.#base] = undefined;
    this.#size -= 1;
    if (this.#size === 0) this.#forget(this.#slots.length);
    else if (this.#front > SPARE_SLOTS && this.#front * 2 > this.#slots.length) {
      this.#forget(this.#front);
    }
  }

  #forget(count: number): void {
    this.#slots = this.#slots.slice(count);
    this.#base += count;
    this.#front = 0;
  }
}
