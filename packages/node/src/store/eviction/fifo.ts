/** Evicts the entry that entered the store first. Hits and replaced values change nothing. */
import { EntryList, type EvictionLinks } from "./entry-list.js";
import type { EvictionPolicy } from "./policy.js";

export class FifoPolicy<E extends EvictionLinks<E>> implements EvictionPolicy<E> {
  readonly #arrivals = new EntryList<E>();

  onInsert(entry: E): void {
    this.#arrivals.append(entry);
  }

  onHit(): void {}

  onRemove(entry: E): void {
    this.#arrivals.unlink(entry);
  }

  victim(spared?: E): E | undefined {
    return this.#arrivals.oldestExcept(spared);
  }
}
