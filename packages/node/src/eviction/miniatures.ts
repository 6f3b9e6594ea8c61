/**
 * Small caches that show what each of several rules would have made of the same requests.
 *
 * Keys are sampled by their hash, and each miniature has the real cache's capacity scaled down by as
 * much: its hit ratio is an estimate of what a full-sized cache with its rules would have (C. Waldspurger,
 * T. Saemundsson, I. Ahmad, N. Park, "Cache modeling and optimization using miniature simulations", USENIX ATC
 * 2017). What differs: all share the real cache's sketch, which counts every request.
 *
 * An entry is an entry here, whatever its size.
 */
import type { FrequencySketch } from "./frequency-sketch.js";
import { NO_ENTRY } from "./policy.js";
import { REMEMBERED_SHARE, type Rules } from "./rules.js";
import { SampledKeys } from "./sampled-keys.js";
import { type Leavers, Segments } from "./segments.js";

/** Keys that no miniature holds are known for as many departures as fit this often into one. */
const UNHELD_PER_CAPACITY = 2;

export class Miniatures {
  readonly #capacity: number;
  readonly #keys: SampledKeys;
  readonly #leavers: readonly RecentLeavers[];
  readonly #segments: readonly Segments[];

  constructor(sketch: FrequencySketch, rules: readonly Rules[], capacity: number) {
    this.#capacity = capacity;
    const keys = new SampledKeys({
      held: rules.length * capacity,
      unheld: UNHELD_PER_CAPACITY * capacity,
    });
    this.#keys = keys;
    this.#leavers = rules.map(() => new RecentLeavers(keys.maxId, REMEMBERED_SHARE * capacity));
    const entries = { hashOf: (id: number) => keys.hashOf(id), bytesOf: () => 1 };
    this.#segments = this.#leavers.map(
      // There are as many of the one as of the other.
      (leavers, index) => new Segments(entries, sketch, leavers, rules[index] as Rules),
    );
    for (const segments of this.#segments) segments.reserve(keys.maxId);
  }

  get tableBytes(): number {
    let bytes = this.#keys.tableBytes;
    // What is noted of leavers takes 4 bytes where the entry itself takes 9.
    for (const segments of this.#segments) bytes += (segments.tableBytes * 13) / 9;
    return Math.round(bytes);
  }

  /** Replays a request in all of them. Returns who hit, as bits in the order of the rules. */
  request(hash: number): number {
    const keys = this.#keys;
    const all = this.#segments;
    const id = keys.idOf(hash);
    const holders = keys.holdersOf(id);
    // Set first, so that nobody forgets the key while others still insert it.
    keys.setHolders(id, (1 << all.length) - 1);
    for (let index = 0; index < all.length; index++) {
      const segments = all[index] as Segments;
      if (((holders >>> index) & 1) !== 0) segments.hit(id);
      else {
        if (segments.size >= this.#capacity) this.#evictFrom(segments, index);
        segments.insert(id, hash);
      }
    }
    return holders;
  }

  #evictFrom(segments: Segments, index: number): void {
    const forgotten = this.#keys.release(segments.evict(NO_ENTRY), index);
    if (forgotten === NO_ENTRY) return;
    for (const leavers of this.#leavers) leavers.forget(forgotten);
  }
}

/** Remembers who left by when: a number for an id, which is the same key as long as it is known. */
class RecentLeavers implements Leavers {
  readonly #leftAt: Uint32Array;
  readonly #capacity: number;
  #departures = 0;

  constructor(maxId: number, capacity: number) {
    this.#leftAt = new Uint32Array(maxId + 1);
    this.#capacity = capacity;
  }

  add(_hash: number, id: number): void {
    this.#departures = (this.#departures + 1) >>> 0;
    this.#leftAt[id] = this.#departures;
  }

  take(_hash: number, id: number): boolean {
    const leftAt = this.#leftAt[id] as number;
    if (leftAt === 0) return false;
    this.#leftAt[id] = 0;
    return (this.#departures - leftAt) >>> 0 < this.#capacity;
  }

  forget(id: number): void {
    this.#leftAt[id] = 0;
  }
}
