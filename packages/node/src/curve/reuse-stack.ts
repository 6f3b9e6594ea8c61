/**
 * The keys of a sample in the order of their last use, each with its bytes: an LRU stack without
 * evictions. It answers how many bytes have been used since a key was last used, which is the memory that
 * an LRU cache would have needed to have it still. Which keys are in the sample, and what the answer
 * counts for, is miss-ratio-curve.ts's matter.
 *
 * Every use gets the next time stamp, and a Fenwick tree over the time stamps (Fenwick, "A new data
 * structure for cumulative frequency tables", 1994) holds the bytes of the key that was last used then.
 * The question is the sum between two time stamps, and a use moves a key's bytes from one to another. Both
 * walk the tree from two places until the ways meet: the fewer keys were used in between, the sooner that
 * is. When the time stamps run out, the keys are numbered anew in their order, which costs each use a few
 * nanoseconds. Nothing is allocated after the constructor.
 */

import type { Clock } from "@holdfast/core";

/** Time stamps for each key that there may be: the more, the rarer they run out. */
const STAMPS_PER_KEY = 2;

const NONE = -1;

export class ReuseStack {
  readonly capacity: number;
  readonly #clock: Clock;
  /** First key of each bucket of the hash table, and the next in its bucket or among the free ones. */
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #mask: number;
  readonly #positions: Int32Array;
  readonly #stamps: Int32Array;
  readonly #bytes: Float64Array;
  readonly #expiresAtMs: Float64Array;
  /** By time stamp: the key last used then. */
  readonly #slots: Int32Array;
  readonly #tree: Float64Array;
  #free = 0;
  #size = 0;
  #totalBytes = 0;
  /** No key was last used before this time stamp, and none at or after the next. */
  #oldestStamp = 0;
  #nextStamp = 0;

  /** @param capacity - most keys; a power of two. */
  constructor(capacity: number, clock: Clock) {
    this.capacity = capacity;
    this.#clock = clock;
    this.#mask = 2 * capacity - 1;
    this.#heads = new Int32Array(2 * capacity);
    this.#next = new Int32Array(capacity);
    this.#positions = new Int32Array(capacity);
    this.#stamps = new Int32Array(capacity);
    this.#bytes = new Float64Array(capacity);
    this.#expiresAtMs = new Float64Array(capacity);
    this.#slots = new Int32Array(STAMPS_PER_KEY * capacity);
    this.#tree = new Float64Array(STAMPS_PER_KEY * capacity + 1);
    this.clear();
  }

  get size(): number {
    return this.#size;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** The slot of a key, valid until the next call that changes anything; -1: it is not here. */
  find(position: number): number {
    let slot = this.#heads[position & this.#mask] as number;
    while (slot !== NONE && this.#positions[slot] !== position) slot = this.#next[slot] as number;
    return slot;
  }

  bytesOf(slot: number): number {
    return this.#bytes[slot] as number;
  }

  expiryOf(slot: number): number {
    return this.#expiresAtMs[slot] as number;
  }

  /** Bytes of the keys that were used after this one. */
  bytesSince(slot: number): number {
    const tree = this.#tree;
    let upper = this.#nextStamp;
    let lower = (this.#stamps[slot] as number) + 1;
    let sum = 0;
    // Exact: whole numbers far below 2^53.
    for (; upper > lower; upper &= upper - 1) sum += tree[upper] as number;
    for (; lower > upper; lower &= lower - 1) sum -= tree[lower] as number;
    return sum;
  }

  /** The key is used, and takes so many bytes from now on. */
  use(slot: number, bytes: number, expiresAtMs: number): void {
    this.#expiresAtMs[slot] = expiresAtMs;
    if (bytes === this.#bytes[slot] && this.#nextStamp < this.#slots.length) {
      this.#moveToNextStamp(slot, bytes);
      return;
    }
    this.#leaveStamp(slot);
    this.#bytes[slot] = bytes;
    this.#takeStamp(slot);
  }

  /** Adds a key that is not here, as the one used last. There is room for it. */
  add(position: number, bytes: number, expiresAtMs: number): void {
    const slot = this.#free;
    this.#free = this.#next[slot] as number;
    const bucket = position & this.#mask;
    this.#next[slot] = this.#heads[bucket] as number;
    this.#heads[bucket] = slot;
    this.#positions[slot] = position;
    this.#bytes[slot] = bytes;
    this.#expiresAtMs[slot] = expiresAtMs;
    this.#size += 1;
    this.#takeStamp(slot);
  }

  remove(slot: number): void {
    this.#leaveStamp(slot);
    this.#release(slot);
  }

  /** Removes the key whose last use is longest ago. There is one. */
  removeOldest(): void {
    while (this.#slots[this.#oldestStamp] === NONE) this.#oldestStamp += 1;
    this.remove(this.#slots[this.#oldestStamp] as number);
  }

  /** Keeps the keys up to a position that have not expired. */
  retain(maxPosition: number): void {
    const nowMs = this.#clock.now();
    const end = this.#nextStamp;
    let stamp = 0;
    this.#totalBytes = 0;
    this.#tree.fill(0);
    for (let old = this.#oldestStamp; old < end; old++) {
      const slot = this.#slots[old] as number;
      if (slot === NONE) continue;
      this.#slots[old] = NONE;
      const hasExpired = (this.#expiresAtMs[slot] as number) <= nowMs;
      if (hasExpired || (this.#positions[slot] as number) > maxPosition) {
        this.#release(slot);
        continue;
      }
      this.#slots[stamp] = slot;
      this.#stamps[slot] = stamp;
      this.#totalBytes += this.#bytes[slot] as number;
      stamp += 1;
      this.#tree[stamp] = this.#bytes[slot] as number;
    }
    this.#oldestStamp = 0;
    this.#nextStamp = stamp;
    this.#sumTree();
  }

  clear(): void {
    this.#heads.fill(NONE);
    this.#slots.fill(NONE);
    this.#tree.fill(0);
    for (let slot = 0; slot < this.capacity; slot++) this.#next[slot] = slot + 1;
    this.#free = 0;
    this.#size = 0;
    this.#totalBytes = 0;
    this.#oldestStamp = 0;
    this.#nextStamp = 0;
  }

  /** As leaving one and taking the next: above the node where the ways meet no sum changes. */
  #moveToNextStamp(slot: number, bytes: number): void {
    const tree = this.#tree;
    const from = this.#stamps[slot] as number;
    const to = this.#nextStamp;
    let left = from + 1;
    let taken = to + 1;
    while (left !== taken) {
      if (left < taken) {
        tree[left] = (tree[left] as number) - bytes;
        left += left & -left;
      } else {
        tree[taken] = (tree[taken] as number) + bytes;
        taken += taken & -taken;
      }
    }
    this.#slots[from] = NONE;
    this.#slots[to] = slot;
    this.#stamps[slot] = to;
    this.#nextStamp = to + 1;
  }

  #takeStamp(slot: number): void {
    // The key itself has no time stamp yet, so it is not among those that are numbered anew.
    if (this.#nextStamp === this.#slots.length) this.retain(Number.POSITIVE_INFINITY);
    const stamp = this.#nextStamp;
    this.#nextStamp = stamp + 1;
    this.#slots[stamp] = slot;
    this.#stamps[slot] = stamp;
    this.#change(stamp, this.#bytes[slot] as number);
  }

  #leaveStamp(slot: number): void {
    const stamp = this.#stamps[slot] as number;
    this.#slots[stamp] = NONE;
    this.#change(stamp, -(this.#bytes[slot] as number));
  }

  #release(slot: number): void {
    const bucket = (this.#positions[slot] as number) & this.#mask;
    const next = this.#next[slot] as number;
    let before = this.#heads[bucket] as number;
    if (before === slot) {
      this.#heads[bucket] = next;
    } else {
      while (this.#next[before] !== slot) before = this.#next[before] as number;
      this.#next[before] = next;
    }
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.#size -= 1;
  }

  #change(stamp: number, bytes: number): void {
    const tree = this.#tree;
    this.#totalBytes += bytes;
    for (let node = stamp + 1; node < tree.length; node += node & -node) {
      tree[node] = (tree[node] as number) + bytes;
    }
  }

  /** Turns single figures into the tree's sums. */
  #sumTree(): void {
    const tree = this.#tree;
    for (let node = 1; node < tree.length; node++) {
      const parent = node + (node & -node);
      if (parent < tree.length) tree[parent] = (tree[parent] as number) + (tree[node] as number);
    }
  }
}
