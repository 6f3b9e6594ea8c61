/**
 * Hash tables of ids that lie in paged memory, each a run of buckets, known by its number.
 *
 * A bucket has 16 words, a cache line: 15 slots, each with an id and six bits of its key's hash, and the number of
 * entries that found this bucket full on their way. Which bucket is an entry's *home*, its hash says: homes are in
 * the order of hashes. What finds its home full goes to the next bucket, beyond the last home if need be. A search
 * begins at home and goes on while such a number is not 0: so nothing has to be moved or marked when an entry
 * leaves (the counters are those of Folly's F14, N. Bronson and X. Shi, 2019).
 *
 * Buckets come into being, up to 16 to a block, when an entry reaches them. So a run that is filled from one that
 * is emptied, home by home (`moveHome`), takes no more memory than both need at that moment. Where blocks lie stands
 * in a directory (block-directory.ts).
 */
import { BlockDirectory } from "./block-directory.js";
import { NOWHERE, PAGE_SHIFT, type Pages, UNIT_BYTES, wordOffset } from "./pages.js";
import { classOf, SLOT_BYTES } from "./size-classes.js";
import { Slots } from "./slots.js";
import type { SoughtKey } from "./sought-key.js";

/** What is asked about the entries in a table. */
export interface IndexedKeys {
  hashOf(id: number): number;
  hasKey(id: number, key: SoughtKey): boolean;
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
  readonly #directory: BlockDirectory;
  /** By run: over how many buckets hashes are spread; 0: there is no such run. */
  readonly #homes: Uint32Array;
  /** By run: how many buckets there are, whether or not they are homes. */
  readonly #buckets: Uint32Array;

  /** @param runs - how many there may be at once. */
  constructor(pages: Pages, keys: IndexedKeys, runs: number) {
    this.#keys = keys;
    this.#pages = pages;
    this.#slots = new Slots(pages);
    this.#directory = new BlockDirectory(runs);
    this.#homes = new Uint32Array(runs);
    this.#buckets = new Uint32Array(runs);
  }

  get pageCount(): number {
    return this.#slots.pageCount;
  }

  /** Memory beside the pages. */
  get tableBytes(): number {
    return this.#homes.byteLength + this.#buckets.byteLength + this.#directory.tableBytes;
  }

  /** Over how many buckets hashes are spread; 0: there is no such run. */
  homes(run: number): number {
    return this.#homes[run] as number;
  }

  /** Begins a run, without any entries. */
  begin(run: number, homes: number): void {
    this.#homes[run] = homes;
    // One bucket beyond the homes is often needed, more hardly ever.
    this.#directory.begin(run, (homes >> BLOCK_SHIFT) + 1);
  }

  /** Ends a run, whatever is in it. */
  end(run: number): void {
    const blocks = this.#blocksOf(run);
    for (let index = 0; index < blocks; index++) this.#giveBack(run, index);
    this.#homes[run] = 0;
    this.#buckets[run] = 0;
    this.#directory.end(run);
  }

  /** The id of the entry with this key; 0: there is none. */
  find(run: number, spread: number, key: SoughtKey): number {
    const tag = spread & TAG_MASK;
    const buckets = this.#buckets[run] as number;
    for (let bucket = this.#homeOf(run, spread); bucket < buckets; bucket++) {
      const block = this.#directory.place(run, bucket >> BLOCK_SHIFT);
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        const word = words[at] as number;
        if (word >>> TAG_SHIFT !== tag || word === NONE) continue;
        const id = word & ID_MASK;
        if (this.#keys.hasKey(id, key)) return id;
      }
      if (words[start] === 0) return NONE;
    }
    return NONE;
  }

  /** Where the home of such keys lies; `NOWHERE`: there is none yet. */
  homePlace(run: number, spread: number): number {
    const bucket = this.#homeOf(run, spread);
    if (bucket >= (this.#buckets[run] as number)) return NOWHERE;
    const block = this.#directory.place(run, bucket >> BLOCK_SHIFT);
    return block + ((bucket & BLOCK_MASK) * BUCKET_BYTES) / UNIT_BYTES;
  }

  /** The id of an entry that is at its home and may have this hash; 0: there is none. */
  candidate(run: number, spread: number): number {
    const bucket = this.#homeOf(run, spread);
    if (bucket >= (this.#buckets[run] as number)) return NONE;
    const block = this.#directory.place(run, bucket >> BLOCK_SHIFT);
    const words = this.#pages.wordsAt(block);
    const start = startOf(block, bucket);
    const tag = spread & TAG_MASK;
    for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
      const word = words[at] as number;
      if (word >>> TAG_SHIFT === tag && word !== NONE) return word & ID_MASK;
    }
    return NONE;
  }

  /** The id of the entry at this home or behind it of which `isSought` holds; 0: there is none. */
  findWhere(run: number, spread: number, isSought: (id: number) => boolean): number {
    const buckets = this.#buckets[run] as number;
    for (let bucket = this.#homeOf(run, spread); bucket < buckets; bucket++) {
      const block = this.#directory.place(run, bucket >> BLOCK_SHIFT);
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

  add(run: number, spread: number, id: number): void {
    for (let bucket = this.#homeOf(run, spread); ; bucket++) {
      if (bucket >= (this.#buckets[run] as number)) this.#reach(run, bucket);
      const block = this.#directory.place(run, bucket >> BLOCK_SHIFT);
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
  remove(run: number, spread: number, id: number): void {
    const sought = (id | ((spread & TAG_MASK) << TAG_SHIFT)) >>> 0;
    const buckets = this.#buckets[run] as number;
    for (let bucket = this.#homeOf(run, spread); bucket < buckets; bucket++) {
      const block = this.#directory.place(run, bucket >> BLOCK_SHIFT);
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
  moveHome(from: number, home: number, to: number): void {
    if (home >= (this.#buckets[from] as number)) return;
    const block = this.#directory.place(from, home >> BLOCK_SHIFT);
    // Whoever found it full has this home: those with an earlier one have gone.
    let left = this.#pages.wordsAt(block)[startOf(block, home)] as number;
    this.#moveFrom(from, home, home, to);
    for (let bucket = home + 1; left > 0; bucket++) {
      left -= this.#moveFrom(from, bucket, home, to);
    }
    if ((home & BLOCK_MASK) === BLOCK_MASK) this.#giveBack(from, home >> BLOCK_SHIFT);
  }

  /** @param firstHome - homes before it have been moved. */
  forEach(run: number, firstHome: number, visit: (id: number) => void): void {
    const buckets = this.#buckets[run] as number;
    for (let bucket = firstHome; bucket < buckets; bucket++) {
      const block = this.#directory.place(run, bucket >> BLOCK_SHIFT);
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        const id = (words[at] as number) & ID_MASK;
        if (id !== NONE) visit(id);
      }
    }
  }

  /** Moves what is in a page elsewhere, and gives it back. Returns whether it is a page of runs. */
  vacate(page: number): boolean {
    if (!this.#slots.hasPage(page)) return false;
    const holders = new Map<number, { readonly run: number; readonly index: number }>();
    for (let run = 0; run < this.#homes.length; run++) {
      const blocks = this.#blocksOf(run);
      for (let index = 0; index < blocks; index++) {
        const block = this.#directory.place(run, index);
        if (block >>> PAGE_SHIFT === page >>> PAGE_SHIFT) holders.set(block, { run, index });
      }
    }
    const move = (from: number, to: number) => {
      this.#copy(from, to, SLOT_BYTES[this.#slots.classAt(to)] as number);
      const { run, index } = holders.get(from) as { run: number; index: number };
      this.#directory.setPlace(run, index, to);
    };
    this.#slots.vacate(page, move, holders.keys());
    return true;
  }

  /** Gives all memory back: there are no runs any more. */
  close(): void {
    this.#slots.clear();
    this.#homes.fill(0);
    this.#buckets.fill(0);
    this.#directory.clear();
  }

  #homeOf(run: number, spread: number): number {
    return homeOf(spread, this.#homes[run] as number);
  }

  #blocksOf(run: number): number {
    return ((this.#buckets[run] as number) + BLOCK_MASK) >> BLOCK_SHIFT;
  }

  /** Makes buckets up to this one. */
  #reach(run: number, bucket: number): void {
    for (
      let buckets = this.#buckets[run] as number;
      buckets <= bucket;
      buckets = this.#buckets[run] as number
    ) {
      const inBlock = buckets & BLOCK_MASK;
      const index = buckets >> BLOCK_SHIFT;
      const wanted = Math.max(1, (this.#homes[run] as number) + 1 - buckets);
      const added = Math.min(BLOCK_BUCKETS - inBlock, wanted);
      const bytes = (inBlock + added) * BUCKET_BYTES;
      const block = this.#slots.allocate(classOf(bytes));
      const start = wordOffset(block);
      this.#pages.wordsAt(block).fill(0, start, start + bytes / 4);
      if (inBlock > 0) {
        const smaller = this.#directory.place(run, index);
        this.#copy(smaller, block, inBlock * BUCKET_BYTES);
        this.#slots.release(smaller);
      }
      this.#directory.setPlace(run, index, block);
      this.#buckets[run] = buckets + added;
    }
  }

  /** Moves the entries of a bucket that have this home. Returns how many. */
  #moveFrom(from: number, bucket: number, home: number, to: number): number {
    const block = this.#directory.place(from, bucket >> BLOCK_SHIFT);
    const words = this.#pages.wordsAt(block);
    const start = startOf(block, bucket);
    let moved = 0;
    for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
      const id = (words[at] as number) & ID_MASK;
      if (id === NONE) continue;
      const spread = spreadOf(this.#keys.hashOf(id));
      if (this.#homeOf(from, spread) !== home) continue;
      this.remove(from, spread, id);
      this.add(to, spread, id);
      moved += 1;
    }
    return moved;
  }

  #giveBack(run: number, index: number): void {
    const block = this.#directory.place(run, index);
    if (block !== NOWHERE) this.#slots.release(block);
    this.#directory.setPlace(run, index, NOWHERE);
  }

  #copy(from: number, to: number, bytes: number): void {
    const start = wordOffset(from);
    const words = this.#pages.wordsAt(from).subarray(start, start + bytes / 4);
    this.#pages.wordsAt(to).set(words, wordOffset(to));
  }
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
