/**
 * Where the blocks of runs lie, in one table: each run has a stretch of it, and its blocks are numbered from 0.
 *
 * A stretch that becomes too short, or a new one, is taken from the end of the table; where that is reached the table
 * is written anew, without what nobody uses any more. A directory of a store of ten million entries has some 60,000
 * places, so that takes a fraction of a millisecond.
 */
import { NOWHERE } from "./pages.js";

/** Of a table that is written anew, beside what is in use: so much is left for growth. */
const SPARE_SHARE = 0.25;
const MIN_SPARE = 64;

export class BlockDirectory {
  #places = new Uint32Array(MIN_SPARE);
  /** By run: where its stretch begins, and how long it is; 0: it has none. */
  readonly #firsts: Uint32Array;
  readonly #lengths: Uint32Array;
  /** Behind it nothing is in use. */
  #end = 0;

  constructor(runs: number) {
    this.#firsts = new Uint32Array(runs);
    this.#lengths = new Uint32Array(runs);
  }

  get tableBytes(): number {
    return this.#places.byteLength + this.#firsts.byteLength + this.#lengths.byteLength;
  }

  /** Gives a run that has none a stretch of so many blocks; there may be more. */
  begin(run: number, blocks: number): void {
    this.#firsts[run] = this.#take(blocks);
    this.#lengths[run] = blocks;
  }

  end(run: number): void {
    this.#lengths[run] = 0;
  }

  clear(): void {
    this.#lengths.fill(0);
    this.#places = new Uint32Array(MIN_SPARE);
    this.#end = 0;
  }

  /** Of a block whose place was set. */
  place(run: number, block: number): number {
    return this.#places[(this.#firsts[run] as number) + block] as number;
  }

  setPlace(run: number, block: number, place: number): void {
    if (block >= (this.#lengths[run] as number)) this.#lengthen(run, block + 1);
    this.#places[(this.#firsts[run] as number) + block] = place;
  }

  #lengthen(run: number, blocks: number): void {
    const first = this.#take(blocks);
    const before = this.#firsts[run] as number;
    this.#places.copyWithin(first, before, before + (this.#lengths[run] as number));
    this.#firsts[run] = first;
    this.#lengths[run] = blocks;
  }

  /** So many places, and where they begin. */
  #take(blocks: number): number {
    if (this.#end + blocks > this.#places.length) this.#rewrite(blocks);
    const first = this.#end;
    this.#end += blocks;
    this.#places.fill(NOWHERE, first, this.#end);
    return first;
  }

  /** Puts all stretches side by side in a table with room for so many places more. */
  #rewrite(more: number): void {
    const inUse = this.#lengths.reduce((sum, length) => sum + length, 0);
    const places = new Uint32Array(Math.ceil((1 + SPARE_SHARE) * (inUse + more)) + MIN_SPARE);
    let end = 0;
    for (let run = 0; run < this.#firsts.length; run++) {
      const first = this.#firsts[run] as number;
      const length = this.#lengths[run] as number;
      places.set(this.#places.subarray(first, first + length), end);
      this.#firsts[run] = end;
      end += length;
    }
    this.#places = places;
    this.#end = end;
  }
}
