/**
 * Gives small ids to the keys that the miniatures see, and knows which miniatures hold each.
 *
 * A key is its hash here: among the few thousand that are known at a time, two of 2^32 hardly ever
 * agree. One table serves all miniatures, so that a sampled request is looked up once. A key that no
 * miniature holds is kept for a while, for those that remember it as one that left; the keys that
 * nobody holds any longer form a queue, and the oldest of too many makes room.
 *
 * An open-addressing table with linear probing; deletions close the gap (D. Knuth, "The Art of Computer
 * Programming", volume 3, 6.4, algorithm R). Positions that this file computes lie within its
 * tables, hence the casts of what is read there.
 */
import { IdLists } from "./id-lists.js";
import { NO_ENTRY } from "./policy.js";

const UNHELD = 0;

export class SampledKeys {
  readonly #slots: Uint32Array;
  readonly #mask: number;
  readonly #hashes: Uint32Array;
  /** A bit for each miniature that holds the key. */
  readonly #holders: Uint8Array;
  readonly #unheld = new IdLists(1);
  readonly #mostUnheld: number;
  #unheldCount = 0;
  /** Ids to be used again, as a stack. */
  readonly #free: Uint32Array;
  #freeCount = 0;
  #largestId = NO_ENTRY;

  constructor(limits: { readonly held: number; readonly unheld: number }) {
    // One more comes before one goes.
    const keys = limits.held + limits.unheld + 1;
    const slots = 2 ** Math.ceil(Math.log2(2 * keys));
    this.#slots = new Uint32Array(slots);
    this.#mask = slots - 1;
    this.#hashes = new Uint32Array(keys + 1);
    this.#holders = new Uint8Array(keys + 1);
    this.#free = new Uint32Array(keys + 1);
    this.#unheld.reserve(keys);
    this.#mostUnheld = limits.unheld;
  }

  /** The largest id that there can be. */
  get maxId(): number {
    return this.#hashes.length - 1;
  }

  get tableBytes(): number {
    return this.#slots.byteLength + 17 * (this.#largestId + 1);
  }

  hashOf(id: number): number {
    return this.#hashes[id] as number;
  }

  holdersOf(id: number): number {
    return this.#holders[id] as number;
  }

  /** The key's id; a new one when the key is not known. Whoever asks makes somebody hold it. */
  idOf(hash: number): number {
    const slots = this.#slots;
    let slot = hash & this.#mask;
    for (;;) {
      const id = slots[slot] as number;
      if (id === NO_ENTRY) break;
      if (this.#hashes[id] === hash) {
        if (this.#holders[id] === 0) this.#leaveQueue(id);
        return id;
      }
      slot = (slot + 1) & this.#mask;
    }
    const id = this.#freeCount > 0 ? (this.#free[--this.#freeCount] as number) : ++this.#largestId;
    slots[slot] = id;
    this.#hashes[id] = hash;
    this.#holders[id] = 0;
    return id;
  }

  setHolders(id: number, holders: number): void {
    this.#holders[id] = holders;
  }

  /** A miniature holds the key no longer. Returns the id that is given up for it, or `NO_ENTRY`. */
  release(id: number, holder: number): number {
    const left = (this.#holders[id] as number) & ~(1 << holder);
    this.#holders[id] = left;
    if (left !== 0) return NO_ENTRY;
    this.#unheld.append(UNHELD, id);
    this.#unheldCount += 1;
    if (this.#unheldCount <= this.#mostUnheld) return NO_ENTRY;
    const oldest = this.#unheld.oldest(UNHELD);
    this.#leaveQueue(oldest);
    this.#delete(oldest);
    this.#free[this.#freeCount++] = oldest;
    return oldest;
  }

  #leaveQueue(id: number): void {
    this.#unheld.unlink(id);
    this.#unheldCount -= 1;
  }

  #delete(id: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let gap = (this.#hashes[id] as number) & mask;
    while (slots[gap] !== id) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; slots[slot] !== NO_ENTRY; slot = (slot + 1) & mask) {
      const home = (this.#hashes[slots[slot] as number] as number) & mask;
      // It must not move to before the place where its search begins.
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot] as number;
      gap = slot;
    }
    slots[gap] = NO_ENTRY;
  }
}
