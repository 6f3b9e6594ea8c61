/**
 * What a curve has counted, and the hit ratios that follow from it. Reads of sampled keys carry a weight, the
 * number of reads that each stands for. Everything loses weight with age, all to the same degree, so ratios
 * stay true.
 */
import { DistanceHistogram } from "./distance-histogram.js";

export interface CurveReading {
  /** Reads that it speaks of, older ones counted as fractions. */
  readonly reads: number;
  /** What the cache itself, with its policy and its memory, answered from memory of those. */
  readonly observedHitRatio: number;
  /** What an LRU cache would, for each amount of memory. */
  readonly hitRatios: readonly number[];
}

/** Sampled reads without which nothing is told. */
const MIN_SAMPLED_READS = 100;

export class CurveCounts {
  readonly #histogram = new DistanceHistogram();
  #reads = 0;
  #hits = 0;
  #sampledReads = 0;
  #sampledWeight = 0;
  #leftOutWeight = 0;

  /** Reads of all keys, sampled or not. */
  addReads(reads: number, hits: number): void {
    this.#reads += reads;
    this.#hits += hits;
  }

  /** A sampled read that less memory than this would have missed; Infinity: any. */
  addSampled(neededBytes: number, weight: number): void {
    this.#sampledReads += 1;
    this.#sampledWeight += weight;
    this.#histogram.add(neededBytes, weight);
  }

  /** A sampled read of which nobody knows that. */
  leaveOut(weight: number): void {
    this.#leftOutWeight += weight;
  }

  weaken(factor: number): void {
    this.#reads *= factor;
    this.#hits *= factor;
    this.#sampledReads *= factor;
    this.#sampledWeight *= factor;
    this.#leftOutWeight *= factor;
    this.#histogram.scale(factor);
  }

  /** @returns `undefined` as long as too little was read to say anything. */
  ratiosAt(bytes: readonly number[]): CurveReading | undefined {
    const reads = this.#reads - this.#leftOutWeight;
    if (this.#sampledReads < MIN_SAMPLED_READS || reads <= 0) return undefined;
    // What the sample holds more or less than its part belongs to the keys that are read most (SHARDS-adj).
    const missing = reads - this.#sampledWeight;
    const ratioAt = (size: number) => (this.#histogram.upTo(size) + missing) / reads;
    return {
      reads: this.#reads,
      observedHitRatio: this.#hits / this.#reads,
      hitRatios: bytes.map((size) => Math.min(Math.max(ratioAt(size), 0), 1)),
    };
  }
}
