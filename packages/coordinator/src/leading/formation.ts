/**
 * How long to wait for more members before the first partitions are given out. Nodes that start
 * together register within a moment of each other; giving everything to the first would only mean
 * moving most of it again.
 */

/** The wait ends when nobody has joined for this long, */
const QUIET_MS = 300;
/** or after this long, whoever joins. */
const LONGEST_MS = 2_000;

export class Formation {
  #members = 0;
  #firstAtMs: number | undefined;
  #lastAtMs = 0;

  /** How much longer to wait, in milliseconds; 0: no longer. */
  waitMs(members: number, nowMs: number): number {
    if (members === 0) {
      this.#firstAtMs = undefined;
      this.#members = 0;
      return 0;
    }
    this.#firstAtMs ??= nowMs;
    if (members > this.#members) this.#lastAtMs = nowMs;
    this.#members = members;
    const endsAtMs = Math.min(this.#lastAtMs + QUIET_MS, this.#firstAtMs + LONGEST_MS);
    return Math.max(0, endsAtMs - nowMs);
  }
}
