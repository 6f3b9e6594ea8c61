/**
 * The entries of the adaptive policy, or of one of its miniatures: a window for what came lately, and a
 * main part of two segments. Which rules it goes by may change at any time; it then gives up entries
 * by the new ones, and the parts take their new sizes as entries come and go.
 *
 * - By frequency it is W-TinyLFU (G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache
 *   admission policy", 2017; Caffeine): what the window pushes out contends with the victim of the main
 *   part, which is an LRU in two segments. What differs: losers are remembered (as in S3-FIFO), and
 *   who comes back in time goes to the main part without a contest.
 * - By reads it is S3-FIFO (s3-fifo.ts), with both segments as one queue, probation first.
 * - By recency it is LRU.
 *
 * 9 bytes for an entry. Reads are counted whichever the rules, for those that go by them next.
 * Positions that this file computes lie within its tables, hence the casts of what is read there.
 */
import type { FrequencySketch } from "./frequency-sketch.js";
import { IdLists } from "./id-lists.js";
import { NO_ENTRY, type PolicyEntries } from "./policy.js";
import type { Rules } from "./rules.js";
import { grownTo } from "./tables.js";

const WINDOW = 0;
const PROBATION = 1;
const PROTECTED = 2;
/** Of a state: the list, and how often the entry was read since it joined, up to three times. */
const LIST_MASK = 3;
const ONE_READ = 4;
const READS_MASK = 12;

const PROTECTED_SHARE = 0.8;
/** Reads that an entry needs to move on from the window of S3-FIFO. */
const READS_TO_MOVE = 2 * ONE_READ;
/** Most entries that one call moves to bring a part to its size: a bound on its time. */
const MOST_MOVES = 8;
/**
 * An entry of this frequency is admitted at times although it lost, as in Caffeine: else somebody who
 * knows the hash could fill the main part with keys that nothing displaces.
 */
const WARM = 6;
const ADMITTED_BY_CHANCE = 2 ** 32 / 128;

/** What remembers entries that left; ghosts.ts is one. */
export interface Leavers {
  add(hash: number, id: number): void;
  /** Whether it remembers the key, which it does no longer. */
  take(hash: number, id: number): boolean;
}

export class Segments {
  readonly #entries: PolicyEntries;
  readonly #sketch: FrequencySketch;
  readonly #leavers: Leavers;
  readonly #lists = new IdLists(3);
  readonly #sizes = new Uint32Array(3);
  #states = new Uint8Array(0);
  #largestId = NO_ENTRY;
  #chance = 1;
  #isByReads = false;
  #isByRecency = false;
  #windowShare = 0;
  #margin = 0;

  constructor(entries: PolicyEntries, sketch: FrequencySketch, leavers: Leavers, rules: Rules) {
    this.#entries = entries;
    this.#sketch = sketch;
    this.#leavers = leavers;
    this.follow(rules);
  }

  get size(): number {
    const sizes = this.#sizes;
    return (sizes[WINDOW] as number) + (sizes[PROBATION] as number) + (sizes[PROTECTED] as number);
  }

  get tableBytes(): number {
    return this.#lists.bytesUpTo(this.#largestId) + this.#largestId + 1;
  }

  reserve(maxId: number): void {
    this.#lists.reserve(maxId);
    this.#states = grownTo(this.#states, maxId + 1);
  }

  /** Goes by these rules from now on. */
  follow({ admission, windowShare, margin }: Rules): void {
    this.#isByReads = admission === "reads";
    this.#isByRecency = admission === "recency";
    this.#windowShare = windowShare;
    this.#margin = margin;
  }

  insert(id: number, hash: number): void {
    if (id > this.#largestId) this.#largestId = id;
    const isBack = this.#leavers.take(hash, id) && !this.#isByRecency;
    let list = WINDOW;
    if (isBack) list = this.#isByReads ? PROTECTED : PROBATION;
    this.#states[id] = list;
    (this.#sizes[list] as number) += 1;
    this.#lists.append(list, id);
  }

  hit(id: number): void {
    const state = this.#states[id] as number;
    if ((state & READS_MASK) !== READS_MASK) this.#states[id] = state + ONE_READ;
    if (this.#isByReads) return;
    const list = state & LIST_MASK;
    if (this.#isByRecency && list !== WINDOW) this.#move(id, WINDOW);
    else if (list === PROBATION) {
      this.#move(id, PROTECTED);
      this.#demote();
    } else this.#lists.moveToNewest(list, id);
  }

  /** As in policy.ts. */
  coldness(id: number): number {
    const state = this.#states[id] as number;
    return READS_MASK - (state & READS_MASK) + PROTECTED - (state & LIST_MASK);
  }

  /** As in policy.ts. */
  touch(id: number): number {
    return this.#lists.touch(id) + (this.#states[id] as number);
  }

  remove(id: number): void {
    this.#lists.unlink(id);
    (this.#sizes[(this.#states[id] as number) & LIST_MASK] as number) -= 1;
  }

  evict(spared: number): number {
    let victim: number;
    if (this.#isByReads) victim = this.#victimByReads(spared);
    else if (this.#isByRecency) victim = this.#victimByRecency(spared);
    else victim = this.#victimByFrequency(spared);
    if (victim === NO_ENTRY) victim = this.#oldestOfMain(spared);
    if (victim === NO_ENTRY) victim = this.#lists.oldestExcept(WINDOW, spared);
    if (victim !== NO_ENTRY) this.remove(victim);
    return victim;
  }

  #victimByRecency(spared: number): number {
    let victim = this.#oldestOfMain(spared);
    if (victim === NO_ENTRY) victim = this.#lists.oldestExcept(WINDOW, spared);
    // Rules that follow may want to know.
    if (victim !== NO_ENTRY) this.#leavers.add(this.#entries.hashOf(victim), victim);
    return victim;
  }

  #victimByFrequency(spared: number): number {
    const lists = this.#lists;
    const windowSize = Math.max(1, Math.round(this.size * this.#windowShare));
    // Who came back has taken the place of an entry of the main part.
    if ((this.#sizes[WINDOW] as number) < windowSize) return this.#oldestOfMain(spared);
    for (let moves = 0; moves < MOST_MOVES; moves++) {
      if ((this.#sizes[WINDOW] as number) <= windowSize) break;
      this.#move(lists.oldest(WINDOW), PROBATION);
    }
    this.#demote();
    const victim = this.#oldestOfMain(spared);
    const candidate = lists.oldestExcept(WINDOW, spared);
    if (victim === NO_ENTRY || candidate === NO_ENTRY) return candidate;
    const hash = this.#entries.hashOf(candidate);
    if (this.#admits(candidate, hash, victim)) {
      this.#move(candidate, PROBATION);
      return victim;
    }
    this.#leavers.add(hash, candidate);
    return candidate;
  }

  /** Whether the candidate was asked for more often than the victim, for each of its bytes. */
  #admits(candidate: number, candidateHash: number, victim: number): boolean {
    const entries = this.#entries;
    const frequency = this.#sketch.frequency(candidateHash);
    const needed = this.#sketch.frequency(entries.hashOf(victim)) + this.#margin;
    if (frequency * entries.bytesOf(victim) > needed * entries.bytesOf(candidate)) return true;
    if (frequency < WARM) return false;
    this.#chance = (Math.imul(this.#chance, 0x915f77f5) + 0x6d2b79f5) >>> 0;
    return this.#chance < ADMITTED_BY_CHANCE;
  }

  #victimByReads(spared: number): number {
    const lists = this.#lists;
    const windowSize = Math.max(1, Math.floor(this.size * this.#windowShare));
    while ((this.#sizes[WINDOW] as number) >= windowSize) {
      const id = lists.oldestExcept(WINDOW, spared);
      if (id === NO_ENTRY) break;
      if (((this.#states[id] as number) & READS_MASK) < READS_TO_MOVE) {
        this.#leavers.add(this.#entries.hashOf(id), id);
        return id;
      }
      this.#move(id, PROTECTED);
      this.#states[id] = PROTECTED;
    }
    for (;;) {
      const id = this.#oldestOfMain(spared);
      if (id === NO_ENTRY) return NO_ENTRY;
      const state = this.#states[id] as number;
      if ((state & READS_MASK) === 0) return id;
      this.#states[id] = state - ONE_READ;
      this.#move(id, PROTECTED);
    }
  }

  #oldestOfMain(spared: number): number {
    const id = this.#lists.oldestExcept(PROBATION, spared);
    return id === NO_ENTRY ? this.#lists.oldestExcept(PROTECTED, spared) : id;
  }

  /** Brings the protected segment nearer to its share of the main part. */
  #demote(): void {
    const sizes = this.#sizes;
    const mainSize = (sizes[PROBATION] as number) + (sizes[PROTECTED] as number);
    for (let moves = 0; moves < MOST_MOVES; moves++) {
      if ((sizes[PROTECTED] as number) <= PROTECTED_SHARE * mainSize) return;
      this.#move(this.#lists.oldest(PROTECTED), PROBATION);
    }
  }

  #move(id: number, list: number): void {
    const state = this.#states[id] as number;
    (this.#sizes[state & LIST_MASK] as number) -= 1;
    (this.#sizes[list] as number) += 1;
    this.#states[id] = (state & ~LIST_MASK) | list;
    this.#lists.moveToNewest(list, id);
  }
}
