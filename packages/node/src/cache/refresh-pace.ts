/**
 * How many entries of a cache that are there are loaded anew at a time, and when none is, because loads fail.
 *
 * Readers get the stale value meanwhile, so a refresh is never urgent: it must not keep the database from answering
 * misses, nor ask one that is broken at every read. When a refresh fails, no other begins for a while: 100 ms
 * at first, then twice as long with each failure in a row, up to 10 s, and half of that at random. After the wait
 * one refresh is tried; the others follow once it has succeeded. The same goes for what is past its end and can be told
 * in grace, but that its readers wait for the load, as long as loads do not fail.
 */
import { backoffMs, type Clock, type Random } from "@holdfast/core";

/** Half of what one statement takes: misses come in the same ones. */
const MAX_UNDER_WAY = 500;

const BACKOFF = { baseMs: 100, maxMs: 10_000 };

export class RefreshPace {
  readonly #clock: Clock;
  readonly #random: Random;
  #underWay = 0;
  /** In a row. */
  #failures = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether a refresh may begin; if so, it counts as begun. @param mostAtOnce - as long as none fails. */
  tryBegin(mostAtOnce: number = MAX_UNDER_WAY): boolean {
    const most = this.#failures === 0 ? mostAtOnce : 1;
    if (this.#underWay >= most || this.#clock.monotonic() < this.#pausedUntilMs) return false;
    this.#underWay += 1;
    return true;
  }

  succeeded(): void {
    this.#underWay -= 1;
    this.#failures = 0;
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
  }

  failed(): void {
    this.#underWay -= 1;
    const nowMs = this.#clock.monotonic();
    // It was under way when another one failed, and says nothing new.
    if (nowMs < this.#pausedUntilMs) return;
    this.#pausedUntilMs = nowMs + backoffMs(this.#failures, BACKOFF, this.#random);
    this.#failures += 1;
  }

  /** It ended without having told anything about the database. */
  calledOff(): void {
    this.#underWay -= 1;
  }
}
