/**
 * How long operations took, in buckets that grow with the time: four to each doubling, so a bucket's
 * bound is at most a quarter more than what it counts. To record is an addition in an array; the idea is
 * that of G. Tene's HdrHistogram, with two bits of precision.
 *
 * 1 µs is the shortest time that is told from others, 2^31 µs, half an hour, the longest.
 */

const SHORTEST_BITS = 2;
const PER_DOUBLING = 2 ** SHORTEST_BITS;
const LONGEST_US = 2 ** 31 - 1;
const BUCKETS = bucketOf(LONGEST_US) + 1;

export interface LatencyBucket {
  /** Upper bound, in milliseconds. */
  readonly upToMs: number;
  readonly count: number;
}

export interface Latency {
  readonly count: number;
  /** Half of the operations took no longer, in milliseconds. 0: there were none. As upper bounds of buckets. */
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Those with something in them, the shortest time first. Of two snapshots, they can be subtracted. */
  readonly buckets: readonly LatencyBucket[];
}

export class Histogram {
  // Of doubles: 32 bits would be full after some hours.
  readonly #counts = new Float64Array(BUCKETS);

  record(durationMs: number, times = 1): void {
    const us = Math.min(LONGEST_US, Math.max(0, durationMs * 1_000)) | 0;
    const bucket = bucketOf(us);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
  }

  snapshot(): Latency {
    const buckets: LatencyBucket[] = [];
    let count = 0;
    for (const [bucket, inBucket] of this.#counts.entries()) {
      if (inBucket > 0) buckets.push({ upToMs: boundOf(bucket) / 1_000, count: inBucket });
      count += inBucket;
    }
    const quantile = (share: number) => quantileMs(buckets, share * count);
    return {
      count,
      p50Ms: quantile(0.5),
      p90Ms: quantile(0.9),
      p99Ms: quantile(0.99),
      p999Ms: quantile(0.999),
      buckets,
    };
  }
}

/** The bound of the bucket within which so many have been counted. */
function quantileMs(buckets: readonly LatencyBucket[], wanted: number): number {
  let seen = 0;
  for (const { upToMs, count } of buckets) {
    seen += count;
    if (seen >= wanted) return upToMs;
  }
  return 0;
}

/** Of a whole number of microseconds: its doubling, and the two bits below its highest one. */
function bucketOf(us: number): number {
  if (us < PER_DOUBLING) return us;
  const shift = 31 - Math.clz32(us) - SHORTEST_BITS;
  return (shift + 1) * PER_DOUBLING + (us >>> shift) - PER_DOUBLING;
}

/** The shortest time that is above a bucket, in microseconds. */
function boundOf(bucket: number): number {
  if (bucket < PER_DOUBLING) return bucket + 1;
  const shift = Math.floor(bucket / PER_DOUBLING) - 1;
  return ((bucket % PER_DOUBLING) + PER_DOUBLING + 1) * 2 ** shift;
}
