/**
 * Brings into the processor's caches what look-ups of several keys will need, and remembers what it has found out.
 *
 * In a store of millions of entries a look-up waits for main memory several times, each time for what the next step
 * depends on: bucket, place, record, the policy's links. Here each step is made for many keys before the next one, in
 * loops that do nothing else, so that the processor waits for many of them at once. It is the group prefetching of
 * S. Chen, A. Ailamaki, P. Gibbons, T. Mowry, "Improving hash join performance through prefetching", ICDE 2004; what
 * differs: JavaScript has no instruction that only prefetches, so it reads.
 */
import { type EvictionPolicy, NO_ENTRY } from "../eviction/index.js";
import type { Entries } from "./entries.js";
import { NOWHERE, type Pages } from "./pages.js";
import { type KeysOfMessage, SoughtKey } from "./sought-key.js";

/** What so many look-ups need stays in a processor's second cache until they are made. */
const AT_ONCE = 128;

/** Waiting for fewer at once is no gain. */
const LEAST_AT_ONCE = 4;

/** A look-up may skip so many of the keys. */
const MOST_SKIPPED = 3;

const NO_KEYS: KeysOfMessage = {
  bytes: Buffer.alloc(0),
  starts: new Int32Array(0),
  ends: new Int32Array(0),
};

export class Prefetch {
  readonly #entries: Entries;
  readonly #pages: Pages;
  readonly #policy: EvictionPolicy;
  readonly #sought: SoughtKey;
  readonly #hashes = new Uint32Array(AT_ONCE);
  readonly #ids = new Uint32Array(AT_ONCE);
  readonly #places = new Uint32Array(AT_ONCE);
  #keys: KeysOfMessage = NO_KEYS;
  /** As it was when it was told of the keys: others may have come in their place. */
  #bytes: Buffer = NO_KEYS.bytes;
  /** Those that have not had their turn yet. */
  #next = 0;
  #end = 0;
  /** How many have it now, and how many of these have been looked up. */
  #count = 0;
  #lookedUp = 0;
  /** Of all that was read: so no compiler leaves the reading out. */
  #sum = 0;

  constructor(entries: Entries, pages: Pages, policy: EvictionPolicy, hashSeed: number) {
    this.#entries = entries;
    this.#pages = pages;
    this.#policy = policy;
    this.#sought = new SoughtKey(hashSeed);
  }

  /** These are going to be looked up, in this order: from the one at `first` to before the one at `end`. */
  begin(keys: KeysOfMessage, first: number, end: number): void {
    this.#keys = keys;
    this.#bytes = keys.bytes;
    this.#next = first;
    this.#end = end;
    this.#goOn();
  }

  /**
   * The entry that the next of the keys, with this hash, probably has; else `NO_ENTRY`. The id may belong to nobody
   * by now, or to another key.
   */
  next(hash: number): number {
    if (this.#lookedUp === this.#count) {
      if (this.#count === 0) return NO_ENTRY;
      this.#goOn();
    }
    if (this.#keys !== NO_KEYS && this.#keys.bytes !== this.#bytes) this.#forget();
    const until = Math.min(this.#lookedUp + MOST_SKIPPED + 1, this.#count);
    for (let index = this.#lookedUp; index < until; index++) {
      if (this.#hashes[index] !== hash) continue;
      this.#lookedUp = index + 1;
      return this.#ids[index] as number;
    }
    return NO_ENTRY;
  }

  #goOn(): void {
    // Where nothing is, there is no place to read from either.
    const isOver = this.#entries.pageCount === 0 || this.#keys.bytes !== this.#bytes;
    const left = isOver ? 0 : this.#end - this.#next;
    this.#lookedUp = 0;
    this.#count = left < LEAST_AT_ONCE ? 0 : Math.min(left, AT_ONCE);
    this.#findHomes();
    this.#touchPlaces();
    this.#findCandidates();
    this.#findPlaces();
    this.#touchPlaces();
    this.#touchPolicy();
    this.#next += this.#count;
    // A key is a part of its message, which would be kept with its values until the next one comes.
    if (isOver || this.#end - this.#next < LEAST_AT_ONCE) this.#forget();
  }

  #forget(): void {
    this.#keys = NO_KEYS;
    this.#bytes = NO_KEYS.bytes;
    this.#next = this.#end;
  }

  // A loop is a function of its own: what a compiler takes into one function is bounded.

  #findHomes(): void {
    const sought = this.#sought;
    const { bytes, starts, ends } = this.#keys;
    for (let index = 0; index < this.#count; index++) {
      const at = this.#next + index;
      const isKey = sought.setPart(bytes, starts[at] as number, ends[at] as number);
      this.#hashes[index] = sought.hash;
      this.#places[index] = isKey ? this.#entries.homePlace(sought.hash) : NOWHERE;
    }
  }

  #touchPlaces(): void {
    let sum = 0;
    for (let index = 0; index < this.#count; index++) {
      sum += this.#pages.touch(this.#places[index] as number);
    }
    this.#sum += sum;
  }

  #findCandidates(): void {
    for (let index = 0; index < this.#count; index++) {
      this.#ids[index] = this.#entries.candidate(this.#hashes[index] as number);
    }
  }

  #findPlaces(): void {
    const { table } = this.#entries;
    for (let index = 0; index < this.#count; index++) {
      this.#places[index] = table.place(this.#ids[index] as number);
    }
  }

  #touchPolicy(): void {
    let sum = 0;
    for (let index = 0; index < this.#count; index++) {
      sum += this.#policy.touch(this.#ids[index] as number, this.#hashes[index] as number);
    }
    this.#sum += sum;
  }
}
