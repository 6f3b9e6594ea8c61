/**
 * Finds the id of an entry by its key: a hash table of its own for each partition.
 *
 * So a partition can be walked or dropped without a look at the others. Which partition a key is in, its hash says
 * (its highest bits); keys themselves lie elsewhere (`IndexedKeys`), and the buckets in the same paged memory as
 * records (bucket-runs.ts).
 *
 * Tables grow by an eighth, so the load of one that grows stays between 75 and 85 % and an entry takes 5 to 6 bytes;
 * they shrink as finely once entries have left. No table is ever hashed anew in one go: the entries of the *old* run
 * move to the new one home by home, two with each entry that comes, or in a table that shrinks, goes. Since homes are
 * in the order of hashes in both, a hash alone says which of the two has an entry.
 */
import { BUCKET_SLOTS, BucketRuns, homeOf, type IndexedKeys, spreadOf } from "./bucket-runs.js";
import type { Pages } from "./pages.js";
import type { SoughtKey } from "./sought-key.js";

const MAX_LOAD = 0.85;
/** A table that is emptier than this shrinks. */
const MIN_LOAD = 0.4;
const GROWTH = 1.125;
/** Fewer homes are not worth shrinking. */
const MIN_SHRINKING = 4;

/** Enough for a table to have moved before 5 % more entries have come. */
const HOMES_PER_STEP = 2;
/** So few move at once: as long as two runs of a block or two are there, they take twice the memory. */
const HOMES_AT_ONCE = 32;

/** Of what is noted here. */
const BYTES_PER_PARTITION = 9;

export class KeyIndex {
  /** Each partition has two: the one that new entries go to, and another while that one's entries move to it. */
  readonly #runs: BucketRuns;
  /** How far half a hash is shifted to be the number of its partition. */
  readonly #partitionShift: number;
  /** By partition: which of its two runs new entries go to, 0 or 1. */
  readonly #current: Uint8Array;
  /** By partition: how many homes of the old run have been moved. */
  readonly #moved: Uint32Array;
  /** By partition. */
  readonly #sizes: Uint32Array;

  /** @param partitions - a power of two. */
  constructor(pages: Pages, keys: IndexedKeys, partitions: number) {
    this.#runs = new BucketRuns(pages, keys, 2 * partitions);
    this.#partitionShift = 31 - Math.log2(partitions);
    this.#current = new Uint8Array(partitions);
    this.#moved = new Uint32Array(partitions);
    this.#sizes = new Uint32Array(partitions);
  }

  get pageCount(): number {
    return this.#runs.pageCount;
  }

  /** Memory beside the pages. */
  get tableBytes(): number {
    return this.#runs.tableBytes + BYTES_PER_PARTITION * this.#sizes.length;
  }

  partitionOf(hash: number): number {
    // In two steps, because a shift by 32, of a single partition, would be none.
    return (hash >>> 1) >>> this.#partitionShift;
  }

  /** The id of the entry with this key; 0: there is none. */
  find(key: SoughtKey): number {
    const spread = spreadOf(key.hash);
    return this.#runs.find(this.#runOf(this.partitionOf(key.hash), spread), spread, key);
  }

  /** As in bucket-runs.ts. */
  homePlace(hash: number): number {
    const spread = spreadOf(hash);
    return this.#runs.homePlace(this.#runOf(this.partitionOf(hash), spread), spread);
  }

  /** As in bucket-runs.ts. */
  candidate(hash: number): number {
    const spread = spreadOf(hash);
    return this.#runs.candidate(this.#runOf(this.partitionOf(hash), spread), spread);
  }

  /** The id of the entry with this hash of which `isSought` holds; 0: there is none. */
  findWhere(hash: number, isSought: (id: number) => boolean): number {
    const spread = spreadOf(hash);
    return this.#runs.findWhere(this.#runOf(this.partitionOf(hash), spread), spread, isSought);
  }

  /** Adds an entry whose key is not in the index. */
  add(hash: number, id: number): void {
    const partition = this.partitionOf(hash);
    const run = this.#run(partition);
    const size = (this.#sizes[partition] as number) + 1;
    this.#sizes[partition] = size;
    if (size === 1) this.#runs.begin(run, 1);
    const homes = this.#runs.homes(run);
    const isFull = size > MAX_LOAD * homes * BUCKET_SLOTS;
    if (isFull && !this.#isMoving(partition)) this.#begin(partition, Math.ceil(homes * GROWTH));
    this.#step(partition);
    const spread = spreadOf(hash);
    this.#runs.add(this.#runOf(partition, spread), spread, id);
  }

  /** Takes out an entry that is in the index. */
  remove(hash: number, id: number): void {
    const partition = this.partitionOf(hash);
    const spread = spreadOf(hash);
    this.#runs.remove(this.#runOf(partition, spread), spread, id);
    const size = (this.#sizes[partition] as number) - 1;
    this.#sizes[partition] = size;
    if (size === 0) {
      for (const run of [2 * partition, 2 * partition + 1]) this.#runs.end(run);
      return;
    }
    const homes = this.#runs.homes(this.#run(partition));
    const isSparse = homes > MIN_SHRINKING && size < MIN_LOAD * homes * BUCKET_SLOTS;
    if (isSparse && !this.#isMoving(partition)) this.#begin(partition, Math.floor(homes / GROWTH));
    // A table that grows has time: there is less in it now.
    if (this.#isShrinking(partition)) this.#step(partition);
  }

  /** The ids of the entries of a partition, in no order, as they are now. */
  idsOf(partition: number): Uint32Array {
    const ids = new Uint32Array(this.#sizes[partition] as number);
    let count = 0;
    const note = (id: number) => {
      ids[count++] = id;
    };
    const current = this.#run(partition);
    this.#runs.forEach(current ^ 1, this.#moved[partition] as number, note);
    this.#runs.forEach(current, 0, note);
    return ids;
  }

  /** Moves the blocks in a page elsewhere, and gives it back. Returns whether it is one of the index's. */
  vacate(page: number): boolean {
    return this.#runs.vacate(page);
  }

  /** Gives all memory back. */
  close(): void {
    this.#runs.close();
    this.#sizes.fill(0);
  }

  /** Which of its runs has the entries of this hash. */
  #runOf(partition: number, spread: number): number {
    const current = this.#run(partition);
    const oldHomes = this.#runs.homes(current ^ 1);
    if (oldHomes === 0) return current;
    const isMoved = homeOf(spread, oldHomes) < (this.#moved[partition] as number);
    return isMoved ? current : current ^ 1;
  }

  /** The one that new entries go to. */
  #run(partition: number): number {
    return 2 * partition + (this.#current[partition] as number);
  }

  /** The other one. */
  #oldRun(partition: number): number {
    return this.#run(partition) ^ 1;
  }

  #isMoving(partition: number): boolean {
    return this.#runs.homes(this.#oldRun(partition)) > 0;
  }

  #isShrinking(partition: number): boolean {
    const run = this.#run(partition);
    return this.#runs.homes(run ^ 1) > this.#runs.homes(run);
  }

  /** From now on the entries of a partition move to a run of so many homes. */
  #begin(partition: number, homes: number): void {
    this.#runs.begin(this.#oldRun(partition), homes);
    this.#current[partition] = 1 - (this.#current[partition] as number);
    this.#moved[partition] = 0;
  }

  /** Goes on with moving, where something is being moved. */
  #step(partition: number): void {
    const run = this.#run(partition);
    const oldHomes = this.#runs.homes(run ^ 1);
    if (oldHomes === 0) return;
    const most = oldHomes <= HOMES_AT_ONCE ? HOMES_AT_ONCE : HOMES_PER_STEP;
    const from = this.#moved[partition] as number;
    const until = Math.min(from + most, oldHomes);
    for (let home = from; home < until; home++) this.#runs.moveHome(run ^ 1, home, run);
    this.#moved[partition] = until;
    if (until === oldHomes) this.#runs.end(run ^ 1);
  }
}
