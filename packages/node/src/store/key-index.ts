/**
 * Finds the id of an entry by its key: a hash table of its own for each partition.
 *
 * So a partition can be walked or dropped without a look at the others. Which partition a key is in, its hash says
 * (its highest bits); keys themselves lie elsewhere (`IndexedKeys`), and the buckets in the same paged memory as
 * records (bucket-runs.ts).
 *
 * Tables grow by an eighth, so the load of one that grows stays between 75 and 85 % and an entry takes 5 to 6 bytes;
 * they shrink as finely once entries have left. No table is ever hashed anew in one go: the entries of the *old* run
 * move to the new one home by home, two with each entry that comes, or in a table that shrinks, goes. Since homes are in the order of hashes in both,
 * a hash alone says which of the two has an entry.
 */
import {
  BUCKET_SLOTS,
  type BucketRun,
  BucketRuns,
  homeOf,
  type IndexedKeys,
  newRun,
  spreadOf,
} from "./bucket-runs.js";
import type { Pages } from "./pages.js";

/** There is no such entry. */
const NONE = 0;

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

/** What the objects of a table take in the JS heap. */
const TABLE_BYTES = 160;

interface Table {
  run: BucketRun;
  /** What is being moved to `run`; `undefined`: nothing is. */
  old: BucketRun | undefined;
  /** Homes of `old` that have been moved. */
  moved: number;
  size: number;
}

export class KeyIndex {
  readonly #runs: BucketRuns;
  /** How far half a hash is shifted to be the number of its partition. */
  readonly #partitionShift: number;
  /** By partition; `undefined`: nothing is in it. */
  readonly #tables: (Table | undefined)[];
  #tableCount = 0;

  /** @param partitions - a power of two. */
  constructor(pages: Pages, keys: IndexedKeys, partitions: number) {
    this.#runs = new BucketRuns(pages, keys);
    this.#partitionShift = 31 - Math.log2(partitions);
    this.#tables = new Array(partitions).fill(undefined);
  }

  get pageCount(): number {
    return this.#runs.pageCount;
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
    const spread = spreadOf(hash);
    return this.#runs.find(runOf(table, spread), spread, key, keyLength);
  }

  /** The id of the entry with this hash of which `isSought` holds; 0: there is none. */
  findWhere(hash: number, isSought: (id: number) => boolean): number {
    const table = this.#tables[this.partitionOf(hash)];
    if (table === undefined) return NONE;
    const spread = spreadOf(hash);
    return this.#runs.findWhere(runOf(table, spread), spread, isSought);
  }

  /** Adds an entry whose key is not in the index. */
  add(hash: number, id: number): void {
    const table = this.#tableFor(this.partitionOf(hash));
    table.size += 1;
    const { homes } = table.run;
    const isFull = table.size > MAX_LOAD * homes * BUCKET_SLOTS;
    if (isFull && table.old === undefined) begin(table, Math.ceil(homes * GROWTH));
    this.#step(table);
    const spread = spreadOf(hash);
    this.#runs.add(runOf(table, spread), spread, id);
  }

  /** Takes out an entry that is in the index. */
  remove(hash: number, id: number): void {
    const partition = this.partitionOf(hash);
    const table = this.#tables[partition] as Table;
    const spread = spreadOf(hash);
    this.#runs.remove(runOf(table, spread), spread, id);
    table.size -= 1;
    if (table.size === 0) {
      this.#drop(partition, table);
      return;
    }
    const { homes } = table.run;
    const isSparse = homes > MIN_SHRINKING && table.size < MIN_LOAD * homes * BUCKET_SLOTS;
    if (isSparse && table.old === undefined) begin(table, Math.floor(homes / GROWTH));
    // A table that grows has time: there is less in it now.
    if (table.old !== undefined && table.old.homes > table.run.homes) this.#step(table);
  }

  /** The ids of the entries of a partition, in no order, as they are now. */
  idsOf(partition: number): Uint32Array {
    const table = this.#tables[partition];
    if (table === undefined) return new Uint32Array(0);
    const ids = new Uint32Array(table.size);
    let count = 0;
    const note = (id: number) => {
      ids[count++] = id;
    };
    if (table.old !== undefined) this.#runs.forEach(table.old, table.moved, note);
    this.#runs.forEach(table.run, 0, note);
    return ids;
  }

  /** Moves the blocks in a page elsewhere, and gives it back. Returns whether it is one of the index's. */
  vacate(page: number): boolean {
    return this.#runs.vacate(page, this.#allRuns());
  }

  /** Gives all memory back. */
  close(): void {
    this.#runs.close();
    this.#tables.fill(undefined);
    this.#tableCount = 0;
  }

  *#allRuns(): Iterable<BucketRun> {
    for (const table of this.#tables) {
      if (table === undefined) continue;
      yield table.run;
      if (table.old !== undefined) yield table.old;
    }
  }

  #tableFor(partition: number): Table {
    const present = this.#tables[partition];
    if (present !== undefined) return present;
    const table: Table = { run: newRun(1), old: undefined, moved: 0, size: 0 };
    this.#tables[partition] = table;
    this.#tableCount += 1;
    return table;
  }

  #drop(partition: number, { run, old }: Table): void {
    this.#runs.drop(run);
    if (old !== undefined) this.#runs.drop(old);
    this.#tables[partition] = undefined;
    this.#tableCount -= 1;
  }

  /** Goes on with moving, where something is being moved. */
  #step(table: Table): void {
    const { run, old } = table;
    if (old === undefined) return;
    const isSmall = old.homes <= HOMES_AT_ONCE;
    for (
      let left = isSmall ? HOMES_AT_ONCE : HOMES_PER_STEP;
      left > 0 && table.moved < old.homes;
      left--
    ) {
      this.#runs.moveHome(old, table.moved, run);
      table.moved += 1;
    }
    if (table.moved < old.homes) return;
    this.#runs.drop(old);
    table.old = undefined;
  }
}

/** From now on a table is being moved to a run of so many homes. */
function begin(table: Table, homes: number): void {
  table.old = table.run;
  table.run = newRun(homes);
  table.moved = 0;
}

/** Which of its runs has the entries of this hash. */
function runOf({ run, old, moved }: Table, spread: number): BucketRun {
  return old === undefined || homeOf(spread, old.homes) < moved ? run : old;
}
