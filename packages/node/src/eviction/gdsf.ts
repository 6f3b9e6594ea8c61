/**
 * Evicts what is used least for the memory it takes: the most hits for a given number of bytes, where
 * sizes differ much.
 *
 * An entry's priority is how often it was used, divided by its size, plus the priority of the latest
 * victim at its last use, which makes old uses count less and less: L. Cherkasova, "Improving WWW
 * proxies performance with Greedy-Dual-Size-Frequency caching policy", HP Laboratories 1998, with equal
 * costs. Of equal priorities either may go first.
 *
 * Priorities are any numbers, so that they need a heap: unlike the other policies' methods, those of
 * this one take time that grows with the logarithm of the number of entries. 20 bytes for an entry.
 * Positions that this file computes lie within its tables, hence the casts of what is read there.
 */
import { type EvictionPolicy, NO_ENTRY, type PolicyEntries } from "./policy.js";
import { grownTo } from "./tables.js";

const TOP = 1;
const MAX_USES = 2 ** 32 - 1;

export class GdsfPolicy implements EvictionPolicy {
  readonly #entries: PolicyEntries;
  /** Ids from position 1 on; none has a lower priority than the one at half its position. */
  #heap = new Uint32Array(TOP);
  /** Where in the heap each id is. */
  #positions = new Uint32Array(0);
  #uses = new Uint32Array(0);
  #priorities = new Float64Array(0);
  #size = 0;
  #age = 0;
  #largestId = NO_ENTRY;

  constructor(entries: PolicyEntries) {
    this.#entries = entries;
  }

  get size(): number {
    return this.#size;
  }

  get tableBytes(): number {
    return 20 * (this.#largestId + 1);
  }

  reserve(maxId: number): void {
    this.#heap = grownTo(this.#heap, maxId + 1);
    this.#positions = grownTo(this.#positions, maxId + 1);
    this.#uses = grownTo(this.#uses, maxId + 1);
    this.#priorities = grownTo(this.#priorities, maxId + 1);
  }

  /** Nothing here depends on it. */
  setCapacity(): void {}

  insert(id: number): void {
    if (id > this.#largestId) this.#largestId = id;
    this.#uses[id] = 1;
    this.#setPriority(id);
    this.#size += 1;
    this.#rise(id, this.#size);
  }

  hit(id: number): void {
    const uses = this.#uses[id] as number;
    if (uses < MAX_USES) this.#uses[id] = uses + 1;
    const before = this.#priorities[id] as number;
    this.#setPriority(id);
    // It falls when the value has grown.
    const position = this.#positions[id] as number;
    if ((this.#priorities[id] as number) > before) this.#sink(id, position);
    else this.#rise(id, position);
  }

  touch(id: number): number {
    return (this.#uses[id] as number) + (this.#positions[id] as number);
  }

  remove(id: number): void {
    const position = this.#positions[id] as number;
    const last = this.#heap[this.#size] as number;
    this.#size -= 1;
    if (last === id) return;
    const priority = this.#priorities[last] as number;
    if (priority < (this.#priorities[id] as number)) this.#rise(last, position);
    else this.#sink(last, position);
  }

  evict(spared: number): number {
    if (this.#size === 0) return NO_ENTRY;
    let victim = this.#heap[TOP] as number;
    if (victim === spared) {
      if (this.#size === 1) return NO_ENTRY;
      victim = this.#heap[this.#lowerChild(TOP)] as number;
    }
    this.#age = this.#priorities[victim] as number;
    this.remove(victim);
    return victim;
  }

  #setPriority(id: number): void {
    const bytes = Math.max(1, this.#entries.bytesOf(id));
    this.#priorities[id] = this.#age + (this.#uses[id] as number) / bytes;
  }

  /** Puts the id at this position or, as far as its priority is lower, above. */
  #rise(id: number, from: number): void {
    const priority = this.#priorities[id] as number;
    let position = from;
    while (position > TOP) {
      const parent = this.#heap[position >>> 1] as number;
      if ((this.#priorities[parent] as number) <= priority) break;
      this.#put(parent, position);
      position >>>= 1;
    }
    this.#put(id, position);
  }

  /** Puts the id at this position or, as far as its priority is higher, below. */
  #sink(id: number, from: number): void {
    const priority = this.#priorities[id] as number;
    let position = from;
    while (2 * position <= this.#size) {
      const lower = this.#lowerChild(position);
      const child = this.#heap[lower] as number;
      if ((this.#priorities[child] as number) >= priority) break;
      this.#put(child, position);
      position = lower;
    }
    this.#put(id, position);
  }

  /** Which of the positions below has the lower priority. There is one at least. */
  #lowerChild(position: number): number {
    const left = 2 * position;
    if (left === this.#size) return left;
    const ofLeft = this.#priorities[this.#heap[left] as number] as number;
    const ofRight = this.#priorities[this.#heap[left + 1] as number] as number;
    return ofRight < ofLeft ? left + 1 : left;
  }

  #put(id: number, position: number): void {
    this.#heap[position] = id;
    this.#positions[id] = position;
  }
}
