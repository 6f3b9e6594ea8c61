/** Evicts the entry that has gone longest without a hit. */
import { EntryList, type EvictionLinks } from "./entry-list.js";
import type { EvictionPolicy } from "./policy.js";

export class LruPolicy<E extends EvictionLinks<E>> implements EvictionPolicy<E> {
  readonly #uses = new EntryList<E>();

  onInsert(entry: E): void {
    this.#uses.append(entry);
  }

  onHit(entry: E): void {
    this.#uses.unlink(entry);
    this.#uses.append(entry);
  }

  onRemove(entry: E): void {
    this.#uses.unlink(entry);
  }

  victim(spared?: E): E | undefined {
    return this.#uses.oldestExcept(spared);
  }
}
