/**
 * Evicts by whichever of several rules does best on the requests of late: the default policy.
 *
 * Requests for a sample of the keys are replayed in a miniature for each set of rules (rules.ts,
 * miniatures.ts); when one of them does better beyond doubt than the one in force (choice.ts), the
 * cache goes by it (segments.ts). How often keys are asked for comes from a sketch (frequency-sketch.ts),
 * and who left lately from their fingerprints (ghosts.ts).
 *
 * It begins with rules by which little can go wrong. For a large cache that is LRU. A small one, whose
 * miniatures see every request and correct a mistake within a few thousand, begins by frequency.
 *
 * Memory: 9 bytes for an entry, 8 for the sketch (16 below 65,536 entries), 4 for those that left, and for
 * the miniatures a megabyte at most, less the more alike they are. The sketch is made when the cache is half
 * full, as in Caffeine: one that never fills needs none.
 */
import { Choice } from "./choice.js";
import { FrequencySketch } from "./frequency-sketch.js";
import { Ghosts } from "./ghosts.js";
import { Miniatures } from "./miniatures.js";
import type { EvictionPolicy, PolicyEntries } from "./policy.js";
import { RECENCY, REMEMBERED_SHARE, RULES, type Rules, SMALL_WINDOW } from "./rules.js";
import { Segments } from "./segments.js";

/** Entries of a miniature. Below 1,024 estimates get rough; above 4,096 nothing gets better. */
const MINIATURE_CAPACITY = 1024;
/** The choice is looked at again whenever a miniature has seen this many requests for each of its entries. */
const PERIOD_PER_ENTRY = 0.25;
const MIN_PERIOD = 16;

const COUNTERS_PER_ENTRY = 16;
/** For small caches memory is no matter, and accuracy is worth a point of hit ratio. */
const COUNTERS_PER_ENTRY_OF_SMALL = 32;
const SMALL_CAPACITY = 65_536;
const MIN_COUNTERS = 1024;
/** The sketch forgets half whenever it has seen this many requests for each entry. */
const REQUESTS_PER_ENTRY_AND_EPOCH = 20;

/** Odd, and otherwise without meaning. */
const SAMPLING = 0x9e3779b1;

export class AdaptivePolicy implements EvictionPolicy {
  readonly #sketch = new FrequencySketch();
  readonly #ghosts = new Ghosts();
  readonly #segments: Segments;
  #miniatures: Miniatures;
  #choice: Choice;
  /** What it was made for; the capacity may drift from that. */
  #sizedFor = 0;
  /** Hashes below this, once multiplied, are in the sample. */
  #sampleBelow = 0;
  #isCounting = false;

  constructor(entries: PolicyEntries) {
    this.#choice = createChoice(SMALL_WINDOW, 1);
    this.#miniatures = new Miniatures(this.#sketch, RULES, 1);
    this.#segments = new Segments(entries, this.#sketch, this.#ghosts, rulesAt(SMALL_WINDOW));
    this.setCapacity(1);
  }

  /** Name of the rules in force. */
  get rules(): string {
    return rulesAt(this.#choice.current).name;
  }

  get size(): number {
    return this.#segments.size;
  }

  get tableBytes(): number {
    const { tableBytes: ofMiniatures } = this.#miniatures;
    const ofEntries = this.#segments.tableBytes + this.#ghosts.tableBytes;
    return ofEntries + this.#sketch.tableBytes + ofMiniatures;
  }

  reserve(maxId: number): void {
    this.#segments.reserve(maxId);
  }

  setCapacity(entries: number): void {
    const capacity = Math.max(1, Math.round(entries));
    this.#ghosts.setCapacity(Math.round(REMEMBERED_SHARE * capacity));
    // Within this, what was learned is worth more than tables of the right size.
    if (capacity >= this.#sizedFor / 2 && capacity <= this.#sizedFor * 2) return;
    const isFirst = this.size === 0;
    this.#sizedFor = capacity;
    this.#isCounting = false;
    const scale = Math.max(1, capacity / MINIATURE_CAPACITY);
    this.#sampleBelow = 2 ** 32 / scale;
    const miniature = Math.max(1, Math.round(capacity / scale));
    this.#miniatures = new Miniatures(this.#sketch, RULES, miniature);
    const first = scale === 1 ? SMALL_WINDOW : RECENCY;
    this.#choice = createChoice(isFirst ? first : this.#choice.current, miniature);
    this.#segments.follow(rulesAt(this.#choice.current));
  }

  insert(id: number, hash: number): void {
    if (!this.#isCounting && 2 * this.size >= this.#sizedFor) this.#startCounting();
    this.#request(hash);
    this.#segments.insert(id, hash);
  }

  hit(id: number, hash: number): void {
    this.#request(hash);
    this.#segments.hit(id);
  }

  coldness(id: number): number {
    return this.#segments.coldness(id);
  }

  touch(id: number, hash: number): number {
    return this.#segments.touch(id) + this.#sketch.touch(hash);
  }

  remove(id: number): void {
    this.#segments.remove(id);
  }

  evict(spared: number): number {
    if (!this.#isCounting) this.#startCounting();
    return this.#segments.evict(spared);
  }

  #startCounting(): void {
    this.#isCounting = true;
    const isSmall = this.#sizedFor < SMALL_CAPACITY;
    const perEntry = isSmall ? COUNTERS_PER_ENTRY_OF_SMALL : COUNTERS_PER_ENTRY;
    this.#sketch.resize(
      Math.max(MIN_COUNTERS, perEntry * this.#sizedFor),
      REQUESTS_PER_ENTRY_AND_EPOCH * this.#sizedFor,
    );
  }

  #request(hash: number): void {
    if (this.#isCounting) this.#sketch.increment(hash);
    if (Math.imul(hash, SAMPLING) >>> 0 < this.#sampleBelow) this.#sample(hash);
  }

  #sample(hash: number): void {
    const hasChanged = this.#choice.record(this.#miniatures.request(hash));
    if (hasChanged) this.#segments.follow(rulesAt(this.#choice.current));
  }
}

function createChoice(first: number, miniatureCapacity: number): Choice {
  const period = Math.max(MIN_PERIOD, Math.round(PERIOD_PER_ENTRY * miniatureCapacity));
  return new Choice({ alternatives: RULES.length, first, period });
}

/** A place in the table comes from the choice among all of them. */
function rulesAt(place: number): Rules {
  return RULES[place] as Rules;
}
