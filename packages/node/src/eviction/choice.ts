/**
 * Which of several rules to go by, from who hit and who missed in their miniatures.
 *
 * Hits count less the longer ago they are. Another set of rules is taken when it leads by so much that
 * it can hardly be chance. All saw the same requests, so only those count that one hit and the other
 * missed: were they equally good, the difference of n such outcomes would have a deviation of √n
 * (McNemar's test). A lead of four deviations is asked for, and not of two, since outcomes for one key are
 * not independent, and since changing over costs something: a cache full of what the old rules kept
 * is not yet one of the new rules.
 */

/** Of what was counted, this much is left after each period. */
const DECAY = 0.98;
const DEVIATIONS = 4;

export class Choice {
  readonly #alternatives: number;
  readonly #period: number;
  /** How often each set of alternatives, as bits, were the ones that hit in this period. */
  readonly #outcomes: Uint32Array;
  #requests = 0;
  readonly #hits: Float64Array;
  /** For each pair, in a square, how often one of the two hit alone. */
  readonly #splits: Float64Array;
  #current: number;

  constructor(options: {
    readonly alternatives: number;
    readonly first: number;
    /** After how many requests to judge anew. */
    readonly period: number;
  }) {
    const { alternatives, first, period } = options;
    this.#alternatives = alternatives;
    this.#period = period;
    this.#current = first;
    this.#outcomes = new Uint32Array(1 << alternatives);
    this.#hits = new Float64Array(alternatives);
    this.#splits = new Float64Array(alternatives * alternatives);
  }

  get current(): number {
    return this.#current;
  }

  /** Takes note of a request, given who hit, as bits. Says whether `current` changed. */
  record(outcome: number): boolean {
    (this.#outcomes[outcome] as number) += 1;
    this.#requests += 1;
    if (this.#requests < this.#period) return false;
    this.#requests = 0;
    this.#countOutcomes();
    const best = this.#best();
    if (best === this.#current) return false;
    this.#current = best;
    return true;
  }

  #countOutcomes(): void {
    const outcomes = this.#outcomes;
    for (let each = 0; each < this.#hits.length; each++) (this.#hits[each] as number) *= DECAY;
    for (let pair = 0; pair < this.#splits.length; pair++) (this.#splits[pair] as number) *= DECAY;
    for (let outcome = 1; outcome < outcomes.length; outcome++) {
      const times = outcomes[outcome] as number;
      if (times !== 0) this.#countOutcome(outcome, times);
    }
    outcomes.fill(0);
  }

  #countOutcome(outcome: number, times: number): void {
    const count = this.#alternatives;
    for (let one = 0; one < count; one++) {
      if (((outcome >>> one) & 1) === 0) continue;
      (this.#hits[one] as number) += times;
      for (let other = 0; other < count; other++) {
        if (((outcome >>> other) & 1) !== 0) continue;
        (this.#splits[one * count + other] as number) += times;
        (this.#splits[other * count + one] as number) += times;
      }
    }
  }

  /** The best of those that are better than the current one beyond doubt; else that one. */
  #best(): number {
    const hits = this.#hits;
    let best = this.#current;
    for (let other = 0; other < this.#alternatives; other++) {
      const lead = (hits[other] as number) - (hits[this.#current] as number);
      const splits = this.#splits[this.#current * this.#alternatives + other] as number;
      const isClear = lead > DEVIATIONS * Math.sqrt(splits);
      if (isClear && (hits[other] as number) > (hits[best] as number)) best = other;
    }
    return best;
  }
}
