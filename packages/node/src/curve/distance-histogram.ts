/**
 * How often a key was read again after how many bytes of others: weights in buckets whose widths grow
 * with the distance, so that one size serves a cache of 64 KiB and one of 64 GiB.
 */

/** Width of the smallest bucket, in bytes, times 32: below, buckets are as wide as entries are apart. */
const UNIT_BYTES = 64;

/** A bucket is 2.2 % wide: an answer that is interpolated within one is good enough for a percentage. */
const BUCKETS_PER_OCTAVE = 32;

/** Up to 64 TiB; what is further away is no hit anywhere. */
const BUCKETS = 40 * BUCKETS_PER_OCTAVE;

export class DistanceHistogram {
  readonly #weights = new Float64Array(BUCKETS);

  add(distanceBytes: number, weight: number): void {
    const bucket = Math.floor(placeOf(distanceBytes));
    if (bucket < BUCKETS) this.#weights[bucket] = (this.#weights[bucket] as number) + weight;
  }

  /** The weight of all distances up to this one. */
  upTo(distanceBytes: number): number {
    const place = Math.min(placeOf(distanceBytes), BUCKETS);
    const bucket = Math.floor(place);
    let sum = 0;
    for (let index = 0; index < bucket; index++) sum += this.#weights[index] as number;
    return sum + (place - bucket) * (this.#weights[bucket] ?? 0);
  }

  scale(factor: number): void {
    for (let index = 0; index < BUCKETS; index++) {
      this.#weights[index] = (this.#weights[index] as number) * factor;
    }
  }
}

function placeOf(distanceBytes: number): number {
  return Math.log2(1 + distanceBytes / UNIT_BYTES) * BUCKETS_PER_OCTAVE;
}
