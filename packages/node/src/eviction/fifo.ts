/**
 * Evicts the entry that was inserted longest ago, however often it was read since. 8 bytes for an
 * entry: entries leave from the middle as well, so that a ring of ids would not do.
 */
import { IdLists } from "./id-lists.js";
import { type EvictionPolicy, NO_ENTRY } from "./policy.js";

const ALL = 0;

export class FifoPolicy implements EvictionPolicy {
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

  /** Only the order of arrival counts. */
  hit(): void {}

  touch(): number {
    return 0;
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
