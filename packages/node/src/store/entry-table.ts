/**
 * What a store notes of each entry beside its record, in typed arrays indexed by the entry's id: where the
 * record is, when it was written, and how recently it was used.
 *
 * Ids are small, dense, and used again. The arrays are made larger than needed: memory that is fresh from
 * the operating system takes no room until something is written to it, so an array for all entries that the
 * store can ever have costs only what its entries touch, and need not grow, with a pause for copying, while
 * the store does.
 */
import { mapTable } from "../memory/mapped.js";
import { instantMs, instantStep } from "./instants.js";
import { NOWHERE } from "./pages.js";

/** Ids for a store that has just begun. */
const FIRST_IDS = 2 ** 12;

/** A tick of the use clock takes so many uses for each entry: 256 of them are 16 uses of everything. */
const USES_PER_TICK: number = 1 / 16;

/** Bytes of an entry here, and of when it was used last, where that is noted. */
const BYTES_PER_ID = 8;
const BYTES_PER_USE = 1;

export class EntryTable {
  readonly #likelyIds: number;
  readonly #notesUses: boolean;
  #places = new Uint32Array(FIRST_IDS);
  #written = new Uint32Array(FIRST_IDS);
  #used = new Uint8Array(FIRST_IDS);
  /** The largest id that was ever handed out. */
  #highest = 0;
  /** Freed ids: a stack, threaded through `#written`. */
  #firstFree = 0;
  #size = 0;
  #tick = 0;
  #usesLeft = 0;

  /**
   * @param likelyIds - how many entries there may be in the end; more grow the arrays once more.
   * @param notesUses - whether `coldness` will be asked.
   */
  constructor(likelyIds: number, notesUses = true) {
    this.#notesUses = notesUses;
    this.#likelyIds = Math.max(FIRST_IDS, likelyIds + 1);
  }

  /** The largest id that there is room for. */
  get capacity(): number {
    return this.#places.length - 1;
  }

  /** The largest id that was ever in use. */
  get highest(): number {
    return this.#highest;
  }

  /** Memory that has been written to. */
  get tableBytes(): number {
    return this.#highest * (BYTES_PER_ID + (this.#notesUses ? BYTES_PER_USE : 0));
  }

  /** Hands out an id. */
  add(): number {
    let id = this.#firstFree;
    if (id === 0) {
      id = ++this.#highest;
      if (id === this.#places.length) this.#grow();
    } else this.#firstFree = this.#written[id] as number;
    this.#size += 1;
    return id;
  }

  remove(id: number): void {
    this.#size -= 1;
    this.#places[id] = NOWHERE;
    this.#written[id] = this.#firstFree;
    this.#firstFree = id;
  }

  isInUse(id: number): boolean {
    return this.#places[id] !== NOWHERE;
  }

  place(id: number): number {
    return this.#places[id] as number;
  }

  setPlace(id: number, place: number): void {
    this.#places[id] = place;
  }

  setWritten(id: number, atMs: number): void {
    this.#written[id] = instantStep(atMs);
  }

  /** When it was written, as a step of instants.ts. */
  writtenStep(id: number): number {
    return this.#written[id] as number;
  }

  /** When it was written, to 8 ms, if that is less than a year ago. */
  writtenAtMs(id: number, nowMs: number): number {
    return instantMs(this.#written[id] as number, nowMs);
  }

  use(id: number): void {
    if (!this.#notesUses) return;
    // A step that was begun when there were many more entries ends with them.
    if (this.#usesLeft-- <= 0 || this.#usesLeft > this.#size) {
      this.#tick = (this.#tick + 1) & 0xff;
      this.#usesLeft = Math.floor(this.#size * USES_PER_TICK);
    }
    this.#used[id] = this.#tick;
  }

  /** How long ago it was used, in ticks of the use clock: from 0 to 255. */
  coldness(id: number): number {
    return (this.#tick - (this.#used[id] as number)) & 0xff;
  }

  #grow(): void {
    const now = this.#places.length;
    const ids = now < this.#likelyIds ? this.#likelyIds : 2 * now;
    this.#places = copied(this.#places, mapTable(Uint32Array, ids));
    this.#written = copied(this.#written, mapTable(Uint32Array, ids));
    if (this.#notesUses) this.#used = copied(this.#used, mapTable(Uint8Array, ids));
  }
}

function copied<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
