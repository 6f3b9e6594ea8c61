/** Evicts the entry that has gone longest without a hit. 8 bytes for an entry. */
import { IdLists } from "./id-lists.js";
import { type EvictionPolicy, NO_ENTRY } from "./policy.js";

const ALL = 0;

export class LruPolicy implements EvictionPolicy {
  readonly #lists = new IdLists(1);
  #size = 0;
  #largestId = NO_ENTRY;

  get size(): number {
    return this.#size;
  }

  get tableBytes(): number {
    return this.#lists.bytesUpTo(this.#largestId);
  }

  reserve(maxId: number): void {
    this.#lists.reserve(maxId);
  }

  /** Nothing here depends on it. */
  setCapacity(): void {}

  insert(id: number): void {
    if (id > this.#largestId) this.#largestId = id;
    this.#lists.append(ALL, id);
    this.#size += 1;
  }

  hit(id: number): void {
    this.#lists.moveToNewest(ALL, id);
  }

  touch(id: number): number {
    return this.#lists.touch(id);
  }

  remove(id: number): void {
    this.#lists.unlink(id);
    this.#size -= 1;
  }

  evict(spared: number): number {
    const victim = this.#lists.oldestExcept(ALL, spared);
    if (victim !== NO_ENTRY) this.remove(victim);
    return victim;
  }
}
