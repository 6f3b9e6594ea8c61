/**
 * Whether a read of a fresh entry begins to load it anew before it has to be: so that at its end nobody waits, or
 * gets it stale, while a load takes its time.
 *
 * This is XFetch (A. Vattani, F. Chierichetti, K. Lowenstein: "Optimal Probabilistic Cache Stampede Prevention", PVLDB
 * 8(8), 2015). A read that comes `left` before the end draws u from (0, 1] and begins if
 *
 *     left <= -beta * delta * ln(u)
 *
 * so with a probability of e^(-left / (beta * delta)): the nearer the end and the more often an entry is read, the
 * surer it is refreshed in time, and entries that end together are not refreshed together. What nobody reads is not
 * loaded. `delta` is what a load takes. The paper keeps it with each entry; here it is a mean over the loads of the
 * cache on this node, which costs an entry nothing and follows a database that becomes slower. `beta` is the cache's
 * `refreshAhead`: 1 is the paper's optimum, more begins earlier.
 *
 * Beside the paper, no entry is refreshed in the first half of its life, however long loads take.
 */
import type { Random } from "@holdfast/core";

/** Weight of the newest load in the mean: most of it is of the last ten or so. */
const WEIGHT = 1 / 8;

/** Times beta and delta from the end; before that a read in 22,000 would begin, which is not worth asking. */
const REACH = 10;

export class RefreshAhead {
  readonly #beta: () => number;
  readonly #random: Random;
  /** Mean of what loads have taken, in milliseconds; `undefined`: there was none. */
  #loadMs: number | undefined;

  /** @param beta - 0: never. */
  constructor(beta: () => number, random: Random) {
    this.#beta = beta;
    this.#random = random;
  }

  /** A load has succeeded, after so many milliseconds. */
  loaded(tookMs: number): void {
    const before = this.#loadMs ?? tookMs;
    this.#loadMs = before + WEIGHT * (tookMs - before);
  }

  /** How long before its end an entry may be due at the earliest, in milliseconds. 0: none ever is. */
  get windowMs(): number {
    return REACH * this.#spreadMs;
  }

  /**
   * Whether this read is to begin a refresh.
   *
   * @param leftMs - until the entry is stale, or ends.
   * @param ageMs - since it was written or loaded.
   */
  isDue(leftMs: number, ageMs: number): boolean {
    if (leftMs >= this.windowMs || leftMs > ageMs) return false;
    return leftMs <= -this.#spreadMs * Math.log(1 - this.#random.next());
  }

  get #spreadMs(): number {
    return this.#beta() * (this.#loadMs ?? 0);
  }
}
