/**
 * Evicts the entry that is used least often, where old uses count less and less; of several, the
 * one that has gone longest unused. 10 bytes for an entry.
 *
 * Frequencies that never age keep what was popular once for ever, and do worse than first in, first
 * out on most real traces. So this is LFU with dynamic aging: an entry's priority is its frequency
 * plus the cache's age at its last use, and the age is the priority of the last victim. Until the
 * first eviction that is plain LFU. J. Dilley, M. Arlitt, "Improving proxy cache performance:
 * analysis of three replacement policies", IEEE Internet Computing 1999 ("LFU-DA").
 *
 * Frequencies stop at `MAX_FREQUENCY`. All priorities then lie between the age and that much above
 * it, and each has a list of its own in a ring of lists. The age moves along the ring no further
 * than the victim's frequency, which are uses that were paid for: constant time, amortised.
 */
import { IdLists } from "./id-lists.js";
import { type EvictionPolicy, NO_ENTRY } from "./policy.js";
import { grownTo } from "./tables.js";

/** One less than a power of two: the ring has a list for each priority from age to age + this. */
const MAX_FREQUENCY = 1023;

export class LfuPolicy implements EvictionPolicy {
  readonly #lists = new IdLists(MAX_FREQUENCY + 1);
  #frequencies = new Uint16Array(0);
  #size = 0;
  #largestId = NO_ENTRY;
  /** Modulo the number of lists. */
  #age = 0;

  get size(): number {
    return this.#size;
  }

  get tableBytes(): number {
    return this.#lists.bytesUpTo(this.#largestId) + 2 * (this.#largestId + 1);
  }

  reserve(maxId: number): void {
    this.#lists.reserve(maxId);
    this.#frequencies = grownTo(this.#frequencies, maxId + 1);
  }

  /** Nothing here depends on it. */
  setCapacity(): void {}

  insert(id: number): void {
    if (id > this.#largestId) this.#largestId = id;
    this.#frequencies[id] = 1;
    this.#lists.append((this.#age + 1) & MAX_FREQUENCY, id);
    this.#size += 1;
  }

  hit(id: number): void {
    // Tracked ids lie within the table.
    let frequency = this.#frequencies[id] as number;
    if (frequency < MAX_FREQUENCY) this.#frequencies[id] = ++frequency;
    this.#lists.moveToNewest((this.#age + frequency) & MAX_FREQUENCY, id);
  }

  touch(id: number): number {
    return this.#lists.touch(id) + (this.#frequencies[id] as number);
  }

  remove(id: number): void {
    this.#lists.unlink(id);
    this.#size -= 1;
  }

  evict(spared: number): number {
    if (this.#size === 0) return NO_ENTRY;
    while (this.#lists.oldest(this.#age) === NO_ENTRY) this.#age = (this.#age + 1) & MAX_FREQUENCY;
    const victim = this.#oldestExcept(spared);
    if (victim !== NO_ENTRY) this.remove(victim);
    return victim;
  }

  /** The age stays where the spared entry is: nothing may be below it. */
  #oldestExcept(spared: number): number {
    for (let above = 0; above <= MAX_FREQUENCY; above++) {
      const found = this.#lists.oldestExcept((this.#age + above) & MAX_FREQUENCY, spared);
      if (found !== NO_ENTRY) return found;
    }
    return NO_ENTRY;
  }
}
