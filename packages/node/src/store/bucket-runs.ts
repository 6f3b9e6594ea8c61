/**
 * Hash tables of ids that lie in paged memory, each a run of buckets.
 *
 * A bucket has 16 words, a cache line: 15 slots, each with an id and six bits of its key's hash, and the number of
 * entries that found this bucket full on their way. Which bucket is an entry's *home*, its hash says: homes are in
 * the order of hashes. What finds its home full goes to the next bucket, beyond the last home if need be. A search
 * begins at home and goes on while such a number is not 0: so nothing has to be moved or marked when an entry
 * leaves (the counters are those of Folly's F14, N. Bronson and X. Shi, 2019).
 *
 * Buckets come into being, up to 16 to a block, when an entry reaches them. So a run that is filled from one that
 * is emptied, home by home (`moveHome`), takes no more memory than both need at that moment.
 */
import { NOWHERE, PAGE_SHIFT, type Pages, wordOffset } from "./pages.js";
import { classOf, SLOT_BYTES } from "./size-classes.js";
import { Slots } from "./slots.js";

/** What is asked about the entries in a table. */
export interface IndexedKeys {
  hashOf(id: number): number;
  hasKey(id: number, key: Uint8Array, keyLength: number): boolean;
}

export interface BucketRun {
  /** Over how many buckets hashes are spread. */
  readonly homes: number;
  /** Places of the blocks; `NOWHERE`: given back. */
  readonly blocks: number[];
  /** How many buckets there are, whether or not they are homes. */
  buckets: number;
}

/** Ids take 26 bits: that many entries are the most that a store can have. */
export const MAX_ID: number = 2 ** 26 - 1;

/** There is no such entry. */
const NONE = 0;

const BUCKET_SHIFT = 4;
const BUCKET_WORDS: number = 2 ** BUCKET_SHIFT;
export const BUCKET_SLOTS: number = BUCKET_WORDS - 1;
const BUCKET_BYTES: number = 4 * BUCKET_WORDS;
const BLOCK_SHIFT = 4;
const BLOCK_BUCKETS: number = 2 ** BLOCK_SHIFT;
const BLOCK_MASK: number = BLOCK_BUCKETS - 1;
const TAG_SHIFT = 26;
const TAG_MASK = 63;
const ID_MASK: number = MAX_ID;

export class BucketRuns {
  readonly #keys: IndexedKeys;
  readonly #pages: Pages;
  readonly #slots: Slots;

  constructor(pages: Pages, keys: IndexedKeys) {
    this.#keys = keys;
    this.#pages = pages;
    this.#slots = new Slots(pages);
  }

  get pageCount(): number {
    return this.#slots.pageCount;
  }

  /** The id of the entry with this key; 0: there is none. */
  find(run: BucketRun, spread: number, key: Uint8Array, keyLength: number): number {
    const { blocks, buckets } = run;
    const tag = spread & TAG_MASK;
    for (let bucket = homeOf(spread, run.homes); bucket < buckets; bucket++) {
      const block = blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        const word = words[at] as number;
        if (word >>> TAG_SHIFT !== tag || word === NONE) continue;
        const id = word & ID_MASK;
        if (this.#keys.hasKey(id, key, keyLength)) return id;
      }
      if (words[start] === 0) return NONE;
    }
    return NONE;
  }

  /** The id of the entry at this home or behind it of which `isSought` holds; 0: there is none. */
  findWhere(run: BucketRun, spread: number, isSought: (id: number) => boolean): number {
    for (let bucket = homeOf(spread, run.homes); bucket < run.buckets; bucket++) {
      const block = run.blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        const id = (words[at] as number) & ID_MASK;
        if (id !== NONE && isSought(id)) return id;
      }
      if (words[start] === 0) return NONE;
    }
    return NONE;
  }

  add(run: BucketRun, spread: number, id: number): void {
    for (let bucket = homeOf(spread, run.homes); ; bucket++) {
      if (bucket >= run.buckets) this.#reach(run, bucket);
      const block = run.blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        if (words[at] !== NONE) continue;
        words[at] = id | ((spread & TAG_MASK) << TAG_SHIFT);
        return;
      }
      words[start] = (words[start] as number) + 1;
    }
  }

  /** Takes out an entry that is in the run. */
  remove(run: BucketRun, spread: number, id: number): void {
    const sought = (id | ((spread & TAG_MASK) << TAG_SHIFT)) >>> 0;
    for (let bucket = homeOf(spread, run.homes); bucket < run.buckets; bucket++) {
      const block = run.blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        if (words[at] !== sought) continue;
        words[at] = NONE;
        return;
      }
      // It found this bucket full when it came.
      words[start] = (words[start] as number) - 1;
    }
    throw new Error(`entry ${id} is not in the index`);
  }

  /**
   * Moves every entry with this home to another run, and gives back the block whose last home that was. All
   * homes before it have been moved.
   */
  moveHome(from: BucketRun, home: number, to: BucketRun): void {
    if (home >= from.buckets) return;
    const block = from.blocks[home >> BLOCK_SHIFT] as number;
    // Whoever found it full has this home: those with an earlier one have gone.
    let left = this.#pages.wordsAt(block)[startOf(block, home)] as number;
    this.#moveFrom(from, home, home, to);
    for (let bucket = home + 1; left > 0; bucket++) {
      left -= this.#moveFrom(from, bucket, home, to);
    }
    if ((home & BLOCK_MASK) === BLOCK_MASK) this.#giveBack(from, home >> BLOCK_SHIFT);
  }

  /** @param firstHome - homes before it have been moved. */
  forEach(run: BucketRun, firstHome: number, visit: (id: number) => void): void {
    for (let bucket = firstHome; bucket < run.buckets; bucket++) {
      const block = run.blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        const id = (words[at] as number) & ID_MASK;
        if (id !== NONE) visit(id);
      }
    }
  }

  /** Gives back what a run has. It must not be used any more. */
  drop({ blocks }: BucketRun): void {
    for (const block of blocks) if (block !== NOWHERE) this.#slots.release(block);
  }

  /** Moves what these runs have in a page elsewhere, and gives it back. Returns whether it is a page of runs. */
  vacate(page: number, runs: Iterable<BucketRun>): boolean {
    if (!this.#slots.hasPage(page)) return false;
    const holders = new Map<number, { readonly blocks: number[]; readonly index: number }>();
    for (const { blocks } of runs) {
      for (const [index, block] of blocks.entries()) {
        if (block >>> PAGE_SHIFT === page >>> PAGE_SHIFT) holders.set(block, { blocks, index });
      }
    }
    const move = (from: number, to: number) => {
      this.#copy(from, to, SLOT_BYTES[this.#slots.classAt(to)] as number);
      const { blocks, index } = holders.get(from) as { blocks: number[]; index: number };
      blocks[index] = to;
    };
    this.#slots.vacate(page, move, holders.keys());
    return true;
  }

  /** Gives all memory back. No run may be used any more. */
  close(): void {
    this.#slots.clear();
  }

  /** Makes buckets up to this one. */
  #reach(run: BucketRun, bucket: number): void {
    while (run.buckets <= bucket) {
      const inBlock = run.buckets & BLOCK_MASK;
      const index = run.buckets >> BLOCK_SHIFT;
      // One beyond the homes is often needed, more hardly ever.
      const wanted = Math.max(1, run.homes + 1 - run.buckets);
      const added = Math.min(BLOCK_BUCKETS - inBlock, wanted);
      const bytes = (inBlock + added) * BUCKET_BYTES;
      const block = this.#slots.allocate(classOf(bytes));
      const start = wordOffset(block);
      this.#pages.wordsAt(block).fill(0, start, start + bytes / 4);
      if (inBlock > 0) {
        const smaller = run.blocks[index] as number;
        this.#copy(smaller, block, inBlock * BUCKET_BYTES);
        this.#slots.release(smaller);
      }
      run.blocks[index] = block;
      run.buckets += added;
    }
  }

  /** Moves the entries of a bucket that have this home. Returns how many. */
  #moveFrom(from: BucketRun, bucket: number, home: number, to: BucketRun): number {
    const block = from.blocks[bucket >> BLOCK_SHIFT] as number;
    const words = this.#pages.wordsAt(block);
    const start = startOf(block, bucket);
    let moved = 0;
    for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
      const id = (words[at] as number) & ID_MASK;
      if (id === NONE) continue;
      const spread = spreadOf(this.#keys.hashOf(id));
      if (homeOf(spread, from.homes) !== home) continue;
      this.remove(from, spread, id);
      this.add(to, spread, id);
      moved += 1;
    }
    return moved;
  }

  #giveBack({ blocks }: BucketRun, index: number): void {
    this.#slots.release(blocks[index] as number);
    blocks[index] = NOWHERE;
  }

  #copy(from: number, to: number, bytes: number): void {
    const start = wordOffset(from);
    const words = this.#pages.wordsAt(from).subarray(start, start + bytes / 4);
    this.#pages.wordsAt(to).set(words, wordOffset(to));
  }
}

/** An empty run. */
export function newRun(homes: number): BucketRun {
  return { homes, blocks: [], buckets: 0 };
}

/** What runs take for a hash. Within a partition only its lower bits differ: the upper ones depend on all of them. */
export function spreadOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 0;
}

export function homeOf(spread: number, homes: number): number {
  return Math.floor((spread * homes) / 2 ** 32);
}

/** Of the words of a bucket in its block's memory. */
function startOf(block: number, bucket: number): number {
  return wordOffset(block) + ((bucket & BLOCK_MASK) << BUCKET_SHIFT);
}
