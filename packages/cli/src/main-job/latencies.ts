/**
 * Collects durations and tells their percentiles, exactly: every duration is kept, eight bytes
 * each, and sorted when asked. Some million of them are the most that the main job makes.
 */
export class Latencies {
  #values = new Float64Array(1024);
  #count = 0;
  #isSorted = true;

  get count(): number {
    return this.#count;
  }

  add(durationMs: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = durationMs;
    this.#isSorted = false;
  }

  /**
   * The smallest duration that at least `share` of all do not exceed, in milliseconds (the
   * nearest-rank definition). `undefined` when there is none.
   *
   * @param share - From 0 to 1: 0.99 for p99.
   */
  percentileMs(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    if (!this.#isSorted) {
      this.#values.subarray(0, this.#count).sort();
      this.#isSorted = true;
    }
    const rank = Math.max(1, Math.ceil(share * this.#count));
    return this.#values[rank - 1];
  }
}
