/**
 * Remembers which keys left lately, by a fingerprint of their hash: 4.5 bytes for a key.
 *
 * A hash names two buckets of eight slots each. A key goes to a slot there that is free or whose key is
 * forgotten anyway, else in place of the oldest of the sixteen, which is rare although nearly all
 * slots are in use: "the power of two choices" (Azar, Broder, Karlin, Upfal 1999). A slot
 * holds 16 bits of the hash and 16 bits of time, so that a key is forgotten on its time and not when
 * somebody needs the slot, as in S3-FIFO's ghost queue (Yang et al., SOSP 2023). Time is counted in
 * keys that came, in steps of 1/1024 of what is remembered.
 *
 * What nobody added is taken for remembered once in some 4,000 times. The memory is touched from the first
 * key that leaves, and none before.
 */
import { mapTable } from "../memory/mapped.js";
import { inRange, spread } from "./spread.js";

const BUCKET = 8;
/** Slots for a key: with an eighth to spare, one key in fifty is forgotten before its time. */
const ROOM = 9 / 8;
const SEED = 0x9e3779b9;
/** Odd, and otherwise without meaning. */
const SECOND = 0x2545f491;
/** Time goes on in this many steps while as many keys come as are remembered. */
const STEPS = 1024;
const TIME_MASK = 0xffff;

export class Ghosts {
  #slots = new Int32Array(0);
  #buckets = 0;
  /** For how many steps a key is remembered. */
  #lifetime = 0;
  /** How many keys come before time makes a step. */
  #keysPerStep = 1;
  #keysInStep = 0;
  #now = 0;
  #isTouched = false;

  get tableBytes(): number {
    return this.#isTouched ? this.#slots.byteLength : 0;
  }

  /** From now on it remembers about this many keys. When the table is made anew, it forgets all. */
  setCapacity(keys: number): void {
    const buckets = Math.max(2, Math.ceil((keys * ROOM) / BUCKET));
    this.#keysPerStep = Math.max(1, Math.round(keys / STEPS));
    this.#lifetime = Math.max(1, Math.round(keys / this.#keysPerStep));
    // A table that is somewhat too large or small does less harm than to forget everything.
    if (buckets <= this.#buckets && buckets > this.#buckets / 2) return;
    this.#buckets = this.#buckets === 0 ? buckets : buckets + (buckets >> 2);
    this.#slots = mapTable(Int32Array, this.#buckets * BUCKET);
    this.#isTouched = false;
  }

  add(hash: number): void {
    const mixed = spread(hash, SEED);
    this.#slots[this.#slotFor(mixed)] = (fingerprint(mixed) << 16) | this.#now;
    this.#isTouched = true;
    if (++this.#keysInStep < this.#keysPerStep) return;
    this.#keysInStep = 0;
    this.#now = (this.#now + 1) & TIME_MASK;
  }

  /** Whether it remembers the key, which it does no longer. */
  take(hash: number): boolean {
    if (!this.#isTouched) return false;
    const mixed = spread(hash, SEED);
    const mark = fingerprint(mixed);
    let slot = this.#find(this.#firstBucket(mixed), mark);
    if (slot < 0) slot = this.#find(this.#secondBucket(mixed), mark);
    if (slot < 0) return false;
    this.#slots[slot] = 0;
    return true;
  }

  #find(bucket: number, mark: number): number {
    const slots = this.#slots;
    for (let slot = bucket; slot < bucket + BUCKET; slot++) {
      const content = slots[slot] as number;
      if (content >>> 16 !== mark) continue;
      if (((this.#now - content) & TIME_MASK) < this.#lifetime) return slot;
    }
    return -1;
  }

  /** The first slot of the two buckets that is free or whose key is forgotten, else the oldest of all. */
  #slotFor(mixed: number): number {
    const slots = this.#slots;
    const now = this.#now;
    const lifetime = this.#lifetime;
    let oldest = 0;
    let oldestAge = -1;
    let bucket = this.#firstBucket(mixed);
    for (let choice = 0; choice < 2; choice++) {
      for (let slot = bucket; slot < bucket + BUCKET; slot++) {
        const content = slots[slot] as number;
        const age = (now - content) & TIME_MASK;
        if (content === 0 || age >= lifetime) return slot;
        if (age <= oldestAge) continue;
        oldest = slot;
        oldestAge = age;
      }
      bucket = this.#secondBucket(mixed);
    }
    return oldest;
  }

  /** Where it begins, as for the second. */
  #firstBucket(mixed: number): number {
    return BUCKET * inRange(mixed, this.#buckets);
  }

  #secondBucket(mixed: number): number {
    return BUCKET * inRange(Math.imul(mixed, SECOND) >>> 0, this.#buckets);
  }
}

/** 16 bits, none of which decides about the first bucket of a small table; 0 stands for an empty slot. */
function fingerprint(mixed: number): number {
  return mixed & 0xffff || 1;
}
