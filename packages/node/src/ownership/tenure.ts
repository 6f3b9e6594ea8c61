/**
 * One tenure: this incarnation's ownership of one partition, from the topology that gave it to the
 * topology that took it. It hands out the versions of writes, and it is what work in flight holds
 * on to: whoever awaited something asks its tenure again before it touches the cache or answers.
 *
 *     waiting ──► serving ──► releasing ──► released ──► ended
 *                    ▲            │             │
 *                    └────────────┴─────────────┘   (the move was called off, or a later epoch kept us)
 *
 * From any state a topology that names another owner leads to `ended`. Only ownership.ts changes
 * the state.
 */
import {
  CacheError,
  type Incarnation,
  MAX_SEQUENCE,
  makeVersion,
  SEQUENCE_RENEWAL,
  termOf,
} from "@holdfast/core";

export type TenureState =
  /** Owners before may still serve: by this node's promise, and by what nobody can rule out. */
  | { readonly at: "waiting"; readonly promisedUntilMs: number; readonly heldUntilMs: number }
  | { readonly at: "serving" }
  /** A planned move: nothing more is admitted, what was admitted is being finished. */
  | { readonly at: "releasing" }
  /** Finished; served again only on an epoch later than this one. */
  | { readonly at: "released"; readonly epoch: number }
  | { readonly at: "ended" };

export class Tenure {
  readonly partition: number;
  #term: number;
  #sequence = 0;
  #requiredTerm = 0;
  #state: TenureState = { at: "serving" };
  /** Former owners that must be fenced off before the first database statement. */
  unfenced: readonly Incarnation[];
  /**
   * Whether acknowledged writes of former owners may be missing, because the journals that have them
   * have not been replayed.
   */
  isRecovering = false;
  /** Writes admitted and not yet answered. */
  writesInFlight = 0;

  constructor(partition: number, term: number, unfenced: readonly Incarnation[]) {
    this.partition = partition;
    this.#term = term;
    this.unfenced = unfenced;
  }

  get term(): number {
    return this.#term;
  }

  /** The last sequence that was assigned in this term; 0 when none was. */
  get sequence(): number {
    return this.#sequence;
  }

  get state(): TenureState {
    return this.#state;
  }

  /** Whether a new term should be asked for, because sequences run out. */
  get needsNewTerm(): boolean {
    return this.#sequence >= SEQUENCE_RENEWAL;
  }

  /** The least term under which versions may be assigned; 0: any. */
  get requiredTerm(): number {
    return this.#requiredTerm;
  }

  /**
   * Takes note of a version that the database holds. If this tenure cannot have assigned it, others
   * have used its term or a later one, and no more are assigned until it has a term above that.
   *
   * @returns whether that is so; `requiredTerm` says what must be asked for.
   */
  witness(version: number): boolean {
    if (version <= makeVersion(this.#term, this.#sequence)) return false;
    this.#requiredTerm = Math.max(this.#requiredTerm, termOf(version) + 1);
    return true;
  }

  /**
   * Assigns the next version. From then on the write may be seen, whatever happens next.
   *
   * @throws {CacheError} `UNAVAILABLE` when the term has no sequence left, or a higher one is needed.
   */
  nextVersion(): number {
    if (this.#term < this.#requiredTerm) {
      throw new CacheError(
        "UNAVAILABLE",
        `partition ${this.partition} waits for term ${this.#requiredTerm}: the database knows a later one than ${this.#term}`,
      );
    }
    if (this.#sequence >= MAX_SEQUENCE) {
      throw new CacheError(
        "UNAVAILABLE",
        `partition ${this.partition} has used up the versions of term ${this.#term} and waits for the next`,
      );
    }
    this.#sequence += 1;
    return makeVersion(this.#term, this.#sequence);
  }

  /** For ownership.ts alone: the same owner goes on under a higher term. */
  renew(term: number): void {
    this.#term = term;
    this.#sequence = 0;
  }

  /** For ownership.ts alone. */
  moveTo(state: TenureState): void {
    this.#state = state;
  }
}
