/**
 * Finds the id of an entry by its key: a hash table of its own for each partition.
 *
 * So a partition can be walked or dropped without a look at the others, and growing a table, which hashes its
 * keys anew, takes as long as a partition is large, not the store. Which partition a key is in, its hash says
 * (its highest bits); keys themselves lie elsewhere (`IndexedKeys`).
 *
 * A table consists of buckets of 16 words, a cache line: 15 slots, each with an id and six bits of its key's hash,
 * and the number of entries that found this bucket full on their way. A search begins in the bucket that the
 * hash says and goes on to the next while such a number is not 0: so nothing has to be moved or marked when an
 * entry leaves (the counters are those of Folly's F14, N. Bronson and X. Shi, 2019). Tables grow by a quarter, so
 * the load of one that grows stays between 65 and 85 % and an entry takes 5 to 7 bytes; they shrink as finely once
 * entries have left.
 *
 * Buckets lie in the same paged memory as records, 16 of them to a block: a table that grows leaves no garbage.
 */
import { PAGE_SHIFT, type Pages, wordOffset } from "./pages.js";
import { classOf, SLOT_BYTES } from "./size-classes.js";
import { Slots } from "./slots.js";

/** What the index asks about the entries in it. */
export interface IndexedKeys {
  hashOf(id: number): number;
  hasKey(id: number, key: Uint8Array, keyLength: number): boolean;
}

/** Ids take 26 bits: that many entries are the most that a store can have. */
export const MAX_ID: number = 2 ** 26 - 1;

/** There is no such entry. */
const NONE = 0;

const BUCKET_SHIFT = 4;
const BUCKET_WORDS: number = 2 ** BUCKET_SHIFT;
const BUCKET_SLOTS: number = BUCKET_WORDS - 1;
const BUCKET_BYTES: number = 4 * BUCKET_WORDS;
const BLOCK_SHIFT = 4;
const BLOCK_BUCKETS: number = 2 ** BLOCK_SHIFT;
const BLOCK_MASK: number = BLOCK_BUCKETS - 1;
const TAG_SHIFT = 26;
const TAG_MASK = 63;
const ID_MASK: number = MAX_ID;

const MAX_LOAD = 0.85;
/** A table that is emptier than this shrinks. */
const MIN_LOAD = 0.4;
const GROWTH = 1.25;

/** What the objects of a table take in the JS heap. */
const TABLE_BYTES = 128;

interface Table {
  /** Places of its buckets: each but the last has all that a block can have. */
  blocks: number[];
  buckets: number;
  size: number;
}

export class KeyIndex {
  readonly #keys: IndexedKeys;
  readonly #pages: Pages;
  readonly #slots: Slots;
  /** How far half a hash is shifted to be the number of its partition. */
  readonly #partitionShift: number;
  /** By partition; `undefined`: nothing is in it. */
  readonly #tables: (Table | undefined)[];
  #tableCount = 0;

  /** @param partitions - a power of two. */
  constructor(pages: Pages, keys: IndexedKeys, partitions: number) {
    this.#keys = keys;
    this.#pages = pages;
    this.#slots = new Slots(pages);
    this.#partitionShift = 31 - Math.log2(partitions);
    this.#tables = new Array(partitions).fill(undefined);
  }

  get pageCount(): number {
    return this.#slots.pageCount;
  }

  /** Memory beside the pages. */
  get tableBytes(): number {
    return this.#tableCount * TABLE_BYTES;
  }

  partitionOf(hash: number): number {
    // In two steps, because a shift by 32, of a single partition, would be none.
    return (hash >>> 1) >>> this.#partitionShift;
  }

  /** The id of the entry with this key; 0: there is none. */
  find(hash: number, key: Uint8Array, keyLength: number): number {
    const table = this.#tables[this.partitionOf(hash)];
    if (table === undefined) return NONE;
    const { blocks, buckets } = table;
    const spread = spreadOf(hash);
    const tag = spread & TAG_MASK;
    let bucket = bucketOf(spread, buckets);
    for (let looked = 0; looked < buckets; looked++) {
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
      bucket = bucket + 1 === buckets ? 0 : bucket + 1;
    }
    return NONE;
  }

  /** The id of the entry with this hash of which `isSought` holds; 0: there is none. */
  findWhere(hash: number, isSought: (id: number) => boolean): number {
    const table = this.#tables[this.partitionOf(hash)];
    if (table === undefined) return NONE;
    const { blocks, buckets } = table;
    let bucket = bucketOf(spreadOf(hash), buckets);
    for (let looked = 0; looked < buckets; looked++) {
      const block = blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        const id = (words[at] as number) & ID_MASK;
        if (id !== NONE && isSought(id)) return id;
      }
      if (words[start] === 0) return NONE;
      bucket = bucket + 1 === buckets ? 0 : bucket + 1;
    }
    return NONE;
  }

  /** Adds an entry whose key is not in the index. */
  add(hash: number, id: number): void {
    const table = this.#tableFor(this.partitionOf(hash));
    if (table.size + 1 > MAX_LOAD * table.buckets * BUCKET_SLOTS) {
      this.#resize(table, Math.ceil(table.buckets * GROWTH));
    }
    table.size += 1;
    this.#addTo(table, hash, id);
  }

  /** Takes out an entry that is in the index. */
  remove(hash: number, id: number): void {
    const partition = this.partitionOf(hash);
    const table = this.#tables[partition] as Table;
    this.#removeFrom(table, hash, id);
    table.size -= 1;
    if (table.size === 0) this.#drop(partition, table);
    else if (table.buckets > 4 && table.size < MIN_LOAD * table.buckets * BUCKET_SLOTS) {
      this.#resize(table, Math.floor(table.buckets / GROWTH));
    }
  }

  /** The ids of the entries of a partition, in no order, as they are now. */
  idsOf(partition: number): Uint32Array {
    const table = this.#tables[partition];
    if (table === undefined) return new Uint32Array(0);
    const ids = new Uint32Array(table.size);
    let count = 0;
    this.#forEach(table.blocks, table.buckets, (id) => {
      ids[count++] = id;
    });
    return ids;
  }

  /** Moves the blocks in a page elsewhere, and gives it back. Returns whether it is one of the index's. */
  vacate(page: number): boolean {
    if (!this.#slots.hasPage(page)) return false;
    const holders = new Map<number, { readonly blocks: number[]; readonly index: number }>();
    for (const { blocks } of this.#tables.filter((table) => table !== undefined)) {
      for (const [index, block] of blocks.entries()) {
        if (block >>> PAGE_SHIFT === page >>> PAGE_SHIFT) holders.set(block, { blocks, index });
      }
    }
    const move = (from: number, to: number) => {
      const start = wordOffset(from);
      const words = (SLOT_BYTES[this.#slots.classAt(to)] as number) / 4;
      const moved = this.#pages.wordsAt(from).subarray(start, start + words);
      this.#pages.wordsAt(to).set(moved, wordOffset(to));
      const { blocks, index } = holders.get(from) as { blocks: number[]; index: number };
      blocks[index] = to;
    };
    this.#slots.vacate(page, move, holders.keys());
    return true;
  }

  /** Gives all memory back. */
  close(): void {
    this.#slots.clear();
    this.#tables.fill(undefined);
    this.#tableCount = 0;
  }

  #tableFor(partition: number): Table {
    const present = this.#tables[partition];
    if (present !== undefined) return present;
    const table = { blocks: this.#createBlocks(1), buckets: 1, size: 0 };
    this.#tables[partition] = table;
    this.#tableCount += 1;
    return table;
  }

  #drop(partition: number, { blocks }: Table): void {
    for (const block of blocks) this.#slots.release(block);
    this.#tables[partition] = undefined;
    this.#tableCount -= 1;
  }

  #resize(table: Table, wanted: number): void {
    const { blocks, buckets } = table;
    table.buckets = wanted;
    table.blocks = this.#createBlocks(wanted);
    this.#forEach(blocks, buckets, (id) => this.#addTo(table, this.#keys.hashOf(id), id));
    for (const block of blocks) this.#slots.release(block);
  }

  /** Empty ones. */
  #createBlocks(buckets: number): number[] {
    const blocks: number[] = [];
    for (let left = buckets; left > 0; left -= BLOCK_BUCKETS) {
      const bytes = Math.min(left, BLOCK_BUCKETS) * BUCKET_BYTES;
      const block = this.#slots.allocate(classOf(bytes));
      const start = wordOffset(block);
      this.#pages.wordsAt(block).fill(0, start, start + bytes / 4);
      blocks.push(block);
    }
    return blocks;
  }

  #forEach(blocks: readonly number[], buckets: number, visit: (id: number) => void): void {
    for (let bucket = 0; bucket < buckets; bucket++) {
      const block = blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        const id = (words[at] as number) & ID_MASK;
        if (id !== NONE) visit(id);
      }
    }
  }

  #addTo(table: Table, hash: number, id: number): void {
    const spread = spreadOf(hash);
    const { blocks, buckets } = table;
    let bucket = bucketOf(spread, buckets);
    for (;;) {
      const block = blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        if (words[at] !== NONE) continue;
        words[at] = id | ((spread & TAG_MASK) << TAG_SHIFT);
        return;
      }
      words[start] = (words[start] as number) + 1;
      bucket = bucket + 1 === buckets ? 0 : bucket + 1;
    }
  }

  #removeFrom(table: Table, hash: number, id: number): void {
    const spread = spreadOf(hash);
    const sought = (id | ((spread & TAG_MASK) << TAG_SHIFT)) >>> 0;
    const { blocks, buckets } = table;
    let bucket = bucketOf(spread, buckets);
    for (let looked = 0; looked < buckets; looked++) {
      const block = blocks[bucket >> BLOCK_SHIFT] as number;
      const words = this.#pages.wordsAt(block);
      const start = startOf(block, bucket);
      for (let at = start + 1; at < start + BUCKET_WORDS; at++) {
        if (words[at] !== sought) continue;
        words[at] = NONE;
        return;
      }
      // It found this bucket full when it came.
      words[start] = (words[start] as number) - 1;
      bucket = bucket + 1 === buckets ? 0 : bucket + 1;
    }
    throw new Error(`entry ${id} is not in the index`);
  }
}

/** Within a partition only the lower bits differ: the product's upper bits depend on all of them. */
function spreadOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 0;
}

/** Of the words of a bucket in its block's memory. */
function startOf(block: number, bucket: number): number {
  return wordOffset(block) + ((bucket & BLOCK_MASK) << BUCKET_SHIFT);
}

function bucketOf(spread: number, buckets: number): number {
  return Math.floor((spread * buckets) / 2 ** 32);
}
