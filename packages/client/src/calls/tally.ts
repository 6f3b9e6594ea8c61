/**
 * What a client counts of its operations since it connected. Plain numbers that only grow; a snapshot
 * reads them. Always on, so counting makes no objects and looks at no clock.
 */
import { CACHE_ERROR_CODES, CacheError, type CacheErrorCode } from "@holdfast/core";
import { Histogram, type Latency } from "./histogram.js";

/** How an operation ended. `ABORTED`: with the reason of the caller's signal. */
export type Outcome = "OK" | CacheErrorCode | "ABORTED";

export interface OperationStats {
  /** How many ended, by outcome; those with none are left out. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** From call to end, all attempts and waits included, whatever the outcome. */
  readonly latency: Latency;
}

const OUTCOMES: readonly Outcome[] = ["OK", ...CACHE_ERROR_CODES, "ABORTED"];
const PLACES: ReadonlyMap<Outcome, number> = new Map(
  OUTCOMES.map((outcome, place) => [outcome, place]),
);

interface KindTally {
  readonly kind: string;
  /** By the place of the outcome. */
  readonly outcomes: Float64Array;
  readonly latency: Histogram;
}

export class Tally {
  readonly #kinds = new Map<string, KindTally>();
  /** Of what ended last: that is nearly always of the same kind. */
  #last: KindTally | undefined;
  /** Times an operation followed a NOT_OWNER to the owner that it named. */
  redirects = 0;
  /** Times an operation was tried again after a wait. */
  retries = 0;
  /** Replies of pipes that somebody waited for. */
  answered = 0;

  ended(kind: string, outcome: Outcome, durationMs: number, times = 1): void {
    const tally = this.#last?.kind === kind ? this.#last : this.#of(kind);
    const place = outcome === "OK" ? 0 : (PLACES.get(outcome) ?? 0);
    tally.outcomes[place] = (tally.outcomes[place] ?? 0) + times;
    tally.latency.record(durationMs, times);
  }

  /** By kind, as on the wire: `GET`, `SET` and so on. */
  snapshot(): Readonly<Record<string, OperationStats>> {
    return Object.fromEntries([...this.#kinds].map(([kind, tally]) => [kind, statsOf(tally)]));
  }

  #of(kind: string): KindTally {
    const tally = this.#kinds.get(kind) ?? this.#add(kind);
    this.#last = tally;
    return tally;
  }

  #add(kind: string): KindTally {
    const tally = { kind, outcomes: new Float64Array(OUTCOMES.length), latency: new Histogram() };
    this.#kinds.set(kind, tally);
    return tally;
  }
}

export function outcomeOf(reason: unknown): Outcome {
  return reason instanceof CacheError ? reason.code : "ABORTED";
}

function statsOf({ outcomes, latency }: KindTally): OperationStats {
  const counted = OUTCOMES.map((outcome, place) => [outcome, outcomes[place] ?? 0] as const);
  return {
    outcomes: Object.fromEntries(counted.filter(([, count]) => count > 0)),
    latency: latency.snapshot(),
  };
}
