/**
 * What the hit ratio would be with other amounts of memory: the curve of an LRU cache, estimated from a
 * sample of the keys while the cache runs.
 *
 * The method is SHARDS (Waldspurger, Park, Garthwaite, Ahmad: "Efficient MRC Construction with SHARDS",
 * FAST 2015) with a sample of fixed size. A key is in the sample when its hash, mixed once more, lies
 * below a limit; so a key is sampled always or never, and the bytes used between two reads of a sampled
 * key are those of the sampled ones divided by the sampling rate. When the sample is full, the limit
 * falls. What the sample holds more or less of the reads than its rate promises belongs to keys that
 * are read again at once, and is put there (SHARDS-adj).
 *
 * Beyond the paper:
 *   - Distances are bytes, so the curve's axis is memory.
 *   - The sample ends where the curve does. What nobody reads again sinks out of it, so it need not be
 *     sampled more thinly for all keys that ever were.
 *   - Counts lose half of their weight with each half-life: the curve speaks of the recent past.
 *   - The rate falls, too, when more reads are sampled than a node should spend time on. When the sample has
 *     become small and there is time, it is begun anew with a higher rate, and the curve stands still until
 *     it knows again what was used before.
 *
 * What counts: a read counts, and is a use. An entry that comes to memory, by a load or a write, is a use
 * and does not count. A key that is deleted, or whose lifetime ends, is missed next time however much
 * memory there is. A hit on an entry whose last use is not known is left out: it came with its partition from
 * another node, or the cache's policy has kept it for longer than the curve is deep.
 *
 * A read of a key that is not sampled costs a multiplication and a comparison, and counting it.
 */
import type { Clock } from "@holdfast/core";
import { CurveCounts, type CurveReading } from "./curve-counts.js";
import { MAX_MULTIPLE } from "./memory-multiples.js";
import { ReuseStack } from "./reuse-stack.js";

/** What is told of an entry in memory. */
export interface UsedEntry {
  readonly costBytes: number;
  /** On the wall clock; Infinity: never. */
  readonly expiresAtMs: number;
}

export interface CurveOptions {
  /** The memory that may be used now. The curve reaches to four times as much. */
  readonly boundBytes: () => number;
  readonly clock: Clock;
  /** Most sampled keys; a power of two. */
  readonly maxKeys?: number;
  readonly halfLifeMs?: number;
}

/** Some 240 KB. On public traces the error is below one point on average (bench/curve.mjs). */
const MAX_KEYS = 4_096;

/** Long enough for a picture of the load, short enough to follow the time of day. */
const HALF_LIFE_MS = 15 * 60_000;

/** 2^32 divided by the golden ratio (Knuth, "Sorting and Searching", 6.4): one factor spreads all bits. */
const SPREAD = 0x9e3779b1;

/** Positions are signed 32-bit integers, because such numbers are never boxed. */
const LOWEST_POSITION = -(2 ** 31);
const HIGHEST_POSITION = 2 ** 31 - 1;

/** What remains of the rate when the sample is full. */
const RATE_STEP = 7 / 8;

/** A sampled use takes 80 ns, and 450 where other work has the processor's cache: 0.2 % of a core. */
const MAX_USES_PER_SECOND = 5_000;

/** The sample is not made smaller than this to save time: it would tell nothing. */
const MIN_KEYS = 128;

/** Time over which sampled uses are counted. */
const WINDOW_MS = 5_000;

/** A sample is begun anew, if there is room, time and need for more than so many times as much. */
const MIN_RATE_RISE = 2;

/** Sampled uses between two looks at the clock and at the bound. */
const USES_PER_LOOK = 256;

export class MissRatioCurve {
  readonly #boundBytes: () => number;
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #halfLifeMs: number;
  readonly #counts = new CurveCounts();
  /** From the first use on: a cache that nobody uses costs nothing. */
  #stack: ReuseStack | undefined;
  /** Highest position of a key in the sample. */
  #limit = HIGHEST_POSITION;
  #weight = 1;
  #depthBytes = 0;
  /** Since the last look. */
  #newReads = 0;
  #newHits = 0;
  #uses = 0;
  #windowUses = 0;
  #windowBeganAtMs: number;
  #lookedAtMs: number;
  /** While it is warming up it counts nothing; 0: it is not. */
  #warmUntilMs = 0;

  constructor({ boundBytes, clock, maxKeys, halfLifeMs }: CurveOptions) {
    this.#boundBytes = boundBytes;
    this.#clock = clock;
    this.#maxKeys = maxKeys ?? MAX_KEYS;
    this.#halfLifeMs = halfLifeMs ?? HALF_LIFE_MS;
    this.#lookedAtMs = clock.monotonic();
    this.#windowBeganAtMs = this.#lookedAtMs;
  }

  get sampledKeys(): number {
    return this.#stack?.size ?? 0;
  }

  /** The part of all keys that is sampled. */
  get samplingRate(): number {
    return 1 / this.#weight;
  }

  samples(keyHash: number): boolean {
    return Math.imul(keyHash, SPREAD) <= this.#limit;
  }

  /** A read was answered from memory. @param keyHash - any 32-bit integer, equal for equal keys. */
  hit(keyHash: number, entry: UsedEntry): void {
    this.#newReads += 1;
    this.#newHits += 1;
    if (this.samples(keyHash)) this.#sampledHit(Math.imul(keyHash, SPREAD), entry);
  }

  /** A read found nothing in memory. What it brings there is told with `kept`. */
  miss(keyHash: number): void {
    this.#newReads += 1;
    if (this.samples(keyHash)) this.#sampledMiss(Math.imul(keyHash, SPREAD));
  }

  /** An entry has come to memory, or has been replaced there. */
  kept(keyHash: number, { costBytes, expiresAtMs }: UsedEntry): void {
    if (!this.samples(keyHash)) return;
    const position = Math.imul(keyHash, SPREAD);
    const stack = this.#begun();
    const slot = stack.find(position);
    if (slot < 0) this.#add(position, costBytes, expiresAtMs);
    else stack.use(slot, costBytes, expiresAtMs);
    this.#used();
  }

  /** The key has been deleted. */
  gone(keyHash: number): void {
    if (this.#stack === undefined || !this.samples(keyHash)) return;
    const slot = this.#stack.find(Math.imul(keyHash, SPREAD));
    if (slot >= 0) this.#stack.remove(slot);
  }

  /** All keys have been deleted. What was counted stays. */
  clear(): void {
    this.#look();
    this.#setLimit(HIGHEST_POSITION);
    this.#stack?.clear();
    this.#warmUntilMs = 0;
  }

  /** Hit ratios of amounts of memory; `undefined` as long as too little was read to say anything. */
  ratiosAt(bytes: readonly number[]): CurveReading | undefined {
    this.#look();
    return this.#counts.ratiosAt(bytes);
  }

  #sampledHit(position: number, { costBytes, expiresAtMs }: UsedEntry): void {
    const stack = this.#begun();
    const slot = stack.find(position);
    if (slot < 0) {
      if (this.#warmUntilMs === 0) this.#counts.leaveOut(this.#weight);
      this.#add(position, costBytes, expiresAtMs);
    } else {
      this.#count(stack.bytesSince(slot) * this.#weight + stack.bytesOf(slot));
      stack.use(slot, costBytes, expiresAtMs);
    }
    this.#used();
  }

  #sampledMiss(position: number): void {
    const stack = this.#begun();
    const slot = stack.find(position);
    if (slot < 0) {
      this.#count(Number.POSITIVE_INFINITY);
    } else {
      const expiresAtMs = stack.expiryOf(slot);
      if (expiresAtMs !== Number.POSITIVE_INFINITY && expiresAtMs <= this.#clock.now()) {
        this.#count(Number.POSITIVE_INFINITY);
        stack.remove(slot);
      } else {
        // More memory would have had it, and now it would be the one used last.
        const bytes = stack.bytesOf(slot);
        this.#count(stack.bytesSince(slot) * this.#weight + bytes);
        stack.use(slot, bytes, expiresAtMs);
      }
    }
    this.#used();
  }

  #count(neededBytes: number): void {
    if (this.#warmUntilMs === 0) this.#counts.addSampled(neededBytes, this.#weight);
  }

  #begun(): ReuseStack {
    if (this.#stack === undefined) {
      this.#stack = new ReuseStack(this.#maxKeys, this.#clock);
      this.#depthBytes = MAX_MULTIPLE * this.#boundBytes();
    }
    return this.#stack;
  }

  #add(position: number, bytes: number, expiresAtMs: number): void {
    const stack = this.#begun();
    while (stack.size === stack.capacity && position <= this.#limit) {
      this.#setLimit(limitOf(RATE_STEP / this.#weight));
      stack.retain(this.#limit);
    }
    if (position > this.#limit) return;
    stack.add(position, bytes, expiresAtMs);
    this.#cutDepth(stack);
  }

  /** Lets go of what lies deeper than the curve reaches. */
  #cutDepth(stack: ReuseStack): void {
    while (stack.totalBytes * this.#weight > this.#depthBytes && stack.size > 1) {
      stack.removeOldest();
      // So deep it is complete.
      if (this.#warmUntilMs !== 0) this.#endWarmUp();
    }
  }

  #used(): void {
    this.#uses += 1;
    if (this.#uses >= USES_PER_LOOK) this.#look();
  }

  /** What need not be done at every use: counts age, the bound may be another one. */
  #look(): void {
    const nowMs = this.#clock.monotonic();
    this.#windowUses += this.#uses;
    this.#uses = 0;
    if (this.#warmUntilMs !== 0 && nowMs >= this.#warmUntilMs) this.#endWarmUp();
    this.#gather();
    const factor = 2 ** ((this.#lookedAtMs - nowMs) / this.#halfLifeMs);
    if (factor < 1) this.#counts.weaken(factor);
    this.#lookedAtMs = nowMs;
    if (this.#stack === undefined) return;
    this.#depthBytes = MAX_MULTIPLE * this.#boundBytes();
    this.#cutDepth(this.#stack);
    const windowMs = nowMs - this.#windowBeganAtMs;
    if (windowMs < WINDOW_MS) return;
    this.#adaptRate(this.#stack, (this.#windowUses * 1_000) / windowMs, nowMs);
    this.#windowUses = 0;
    this.#windowBeganAtMs = nowMs;
  }

  #adaptRate(stack: ReuseStack, usesPerSecond: number, nowMs: number): void {
    const rate = 1 / this.#weight;
    if (usesPerSecond > MAX_USES_PER_SECOND && stack.size > MIN_KEYS) {
      const step = Math.max(MAX_USES_PER_SECOND / usesPerSecond, MIN_KEYS / stack.size);
      this.#setLimit(limitOf(rate * step));
      stack.retain(this.#limit);
      return;
    }
    const room = stack.capacity / (2 * Math.max(stack.size, 1));
    const time = MAX_USES_PER_SECOND / usesPerSecond;
    const rise = Math.min(room, time, 1 / rate);
    if (rise > MIN_RATE_RISE && this.#warmUntilMs === 0) this.#beginAnew(stack, rise * rate, nowMs);
  }

  #gather(): void {
    if (this.#warmUntilMs === 0) this.#counts.addReads(this.#newReads, this.#newHits);
    this.#newReads = 0;
    this.#newHits = 0;
  }

  #beginAnew(stack: ReuseStack, rate: number, nowMs: number): void {
    this.#setLimit(limitOf(rate));
    stack.clear();
    this.#warmUntilMs = nowMs + this.#halfLifeMs;
  }

  #endWarmUp(): void {
    this.#gather();
    this.#warmUntilMs = 0;
  }

  #setLimit(limit: number): void {
    this.#limit = limit;
    this.#weight = 2 ** 32 / (limit - LOWEST_POSITION + 1);
  }
}

/** The limit up to which this part of all positions lies. */
function limitOf(rate: number): number {
  const positions = Math.max(1, Math.floor(Math.min(rate, 1) * 2 ** 32));
  return LOWEST_POSITION + positions - 1;
}
