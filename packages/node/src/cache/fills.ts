/**
 * Who loads a missing key, of all who ask for it in the whole cluster: one, who is given a *token*. The others wait here
 * for what becomes of it, and nobody polls. This file knows tokens, their leases and who waits; what is read, and what a
 * fill writes, is filling.ts's matter.
 *
 *            ask                  begin                    end
 *   absent ------> out (leased) ----------> being stored -------> gone; those who wait get the value
 *                   |   ^   |
 *     lease over,   |   |   +---- fail: gone; those who wait get the error, and the key pauses (load-failures.ts)
 *     or returned   +---+
 *                  the next one who waits gets a new token
 *
 * Whatever happens to the key in between (`changed`) ends the token: what its loader read may be older. Those
 * who wait look at what is there then. So for each key at most one token is good at any time, and none that
 * was given out before the last write of its key.
 */
import { CacheError, type CancelTimer, type Clock, makeVersion, type Random } from "@holdfast/core";
import { PartitionMovingError } from "../ownership/ownership.js";
import type { Tenure } from "../ownership/tenure.js";
import type { ReadResult } from "./context.js";
import { LoadFailures } from "./load-failures.js";
import type { CacheCounters } from "./stats.js";
import type { Change } from "./writes.js";

/**
 * How long a token is good without a renewal, in milliseconds. A client renews at a third of it. If it dies, others
 * wait this long, which must leave them most of a default timeout of 5 s to load the key themselves; a client
 * that stands still for longer (garbage collection, a debugger) loses the token, and only that.
 */
export const LEASE_MS = 2_000;

/** Most tokens that are out, and most who wait, of one cache on this node. */
const MAX_TOKENS = 50_000;
const MAX_WAITING = 20_000;

/** What asking for a key has come to. */
export type Asked =
  /** The asker is to load it. */
  | { readonly at: "granted"; readonly token: number }
  /** Somebody else has loaded it. */
  | { readonly at: "loaded"; readonly read: ReadResult }
  /** Something else has happened to it: look again. */
  | { readonly at: "changed" }
  /** Not yet, and the time to wait is over. */
  | { readonly at: "late" };

export interface Missed {
  readonly key: string;
  readonly tenure: Tenure;
  /** Of the entry that the fill may replace; 0: there is none. */
  readonly version: number;
}

interface Waiter {
  readonly settle: (asked: Asked) => void;
  readonly fail: (error: Error) => void;
}

/** A key that is being loaded. */
export interface Fill extends Missed {
  /** Those who came first are first. */
  readonly waiters: Set<Waiter>;
  token: number;
  /** When it was given to its present holder; monotonic. */
  grantedAtMs: number;
  cancelLease: CancelTimer;
  /** What is being stored under the token. */
  change: Change | undefined;
}

export type FillCounters = Pick<CacheCounters, "tokens" | "tokenWaits" | "loaderFailures">;

const NOTHING = (): void => {};

export class Fills {
  readonly #clock: Clock;
  readonly #failures: LoadFailures;
  readonly #counters: FillCounters;
  readonly #fills = new Map<string, Fill>();
  #waiting = 0;
  #sequence = 0;

  constructor(clock: Clock, random: Random, counters: FillCounters) {
    this.#clock = clock;
    this.#counters = counters;
    this.#failures = new LoadFailures(clock, random);
  }

  /** Keys that are being loaded. */
  get size(): number {
    return this.#fills.size;
  }

  /**
   * A token for a key that is missing; or, if somebody has one, what becomes of that until this monotonic instant.
   *
   * @throws {CacheError} `LOAD_FAILED`, when the loader has failed or has done so a moment ago; `OVERLOADED`.
   * @throws {PartitionMovingError} when the partition goes to another node meanwhile.
   */
  ask(missed: Missed, untilMs: number): Asked | Promise<Asked> {
    const running = this.#fills.get(missed.key);
    if (running !== undefined) return this.#wait(running, untilMs);
    this.#failures.check(missed.key);
    if (this.#fills.size >= MAX_TOKENS) {
      throw new CacheError("OVERLOADED", `${MAX_TOKENS} keys are being loaded already`);
    }
    return this.#begin(missed);
  }

  /**
   * A token for an entry that is stale, or soon would be, if nobody has one and nothing speaks against loading it
   * now. Who does not get it uses what is there.
   */
  tryRefresh(stale: Missed): Asked | undefined {
    const isBusy = this.#fills.has(stale.key) || this.#fills.size >= MAX_TOKENS;
    if (isBusy || this.#failures.isPaused(stale.key)) return undefined;
    return this.#begin(stale);
  }

  /** Lets the lease of a token begin anew. Returns whether the token is good. */
  renew(key: string, token: number): boolean {
    const fill = this.#find(key, token);
    if (fill !== undefined) this.#lease(fill);
    return fill !== undefined;
  }

  /**
   * What was loaded is about to be stored, as this change: from now on the token is good for nothing else, and
   * has no lease. `undefined`: it was not good any more.
   */
  begin(key: string, token: number, change: Change): Fill | undefined {
    const fill = this.#find(key, token);
    if (fill === undefined) return undefined;
    fill.cancelLease();
    fill.change = change;
    return fill;
  }

  /** Whether nothing has happened to the key since `begin`. */
  isCurrent(fill: Fill): boolean {
    return this.#fills.get(fill.key) === fill;
  }

  /** It could not be stored as it is, and will be sent once more. */
  resume(fill: Fill): void {
    if (!this.isCurrent(fill)) return;
    fill.change = undefined;
    this.#lease(fill);
  }

  /** Ends a token. Those who wait are told this, unless they have been told something before. */
  end(fill: Fill, told: Asked | CacheError): void {
    if (!this.isCurrent(fill)) return;
    this.#remove(fill);
    if (told instanceof CacheError) tellAll(fill, (waiter) => waiter.fail(told));
    else tellAll(fill, (waiter) => waiter.settle(told));
  }

  /** Ends a token under which nothing is to be stored. Returns it; `undefined`: it was not good any more. */
  finish(key: string, token: number, told: Asked): Fill | undefined {
    const fill = this.#find(key, token);
    if (fill !== undefined) this.end(fill, told);
    return fill;
  }

  /** The loader failed. Returns whether its token was good. */
  fail(key: string, token: number, message: string): boolean {
    const fill = this.#find(key, token);
    if (fill === undefined) return false;
    this.#counters.loaderFailures += 1;
    this.end(fill, this.#failures.note(key, message));
    return true;
  }

  /** The token's holder does not load the key. Returns whether the token was good. */
  giveBack(key: string, token: number): boolean {
    const fill = this.#find(key, token);
    if (fill !== undefined) this.#pass(fill);
    return fill !== undefined;
  }

  /** Whether no key is being loaded, or was in vain. */
  get isIdle(): boolean {
    return this.#fills.size === 0 && this.#failures.size === 0;
  }

  /** The key was written, deleted or invalidated. @param change - what was written, if it may be a fill. */
  changed(key: string, change?: Change): void {
    if (this.isIdle) return;
    this.#failures.forget(key);
    const fill = this.#fills.get(key);
    if (fill === undefined) return;
    const isOwn = change !== undefined && fill.change === change;
    if (!isOwn) this.end(fill, { at: "changed" });
  }

  /** Every key was. */
  allChanged(): void {
    this.#failures.clear();
    for (const fill of [...this.#fills.values()]) this.end(fill, { at: "changed" });
  }

  /** The partition is another node's: there they get their tokens. */
  drop(partition: number): void {
    for (const fill of [...this.#fills.values()]) {
      if (fill.tenure.partition !== partition) continue;
      this.#remove(fill);
      tellAll(fill, (waiter) => waiter.fail(new PartitionMovingError(partition)));
    }
  }

  /** Ends all tokens and all waiting. */
  stop(): void {
    const stopping = new CacheError("UNAVAILABLE", "the node is stopping");
    for (const fill of [...this.#fills.values()]) this.end(fill, stopping);
  }

  #begin(missed: Missed): Asked {
    const waiters = new Set<Waiter>();
    const rest = { waiters, token: 0, grantedAtMs: 0, cancelLease: NOTHING, change: undefined };
    const fill: Fill = { ...missed, ...rest };
    this.#fills.set(fill.key, fill);
    return this.#grant(fill);
  }

  #find(key: string, token: number): Fill | undefined {
    const fill = this.#fills.get(key);
    return fill?.token === token && fill.change === undefined ? fill : undefined;
  }

  #grant(fill: Fill): Asked {
    // No two owners have the same term, so no two tokens of a key are the same.
    this.#sequence = (this.#sequence + 1) % 2 ** 32;
    fill.token = makeVersion(fill.tenure.term, this.#sequence);
    fill.grantedAtMs = this.#clock.monotonic();
    this.#counters.tokens += 1;
    this.#lease(fill);
    return { at: "granted", token: fill.token };
  }

  #lease(fill: Fill): void {
    fill.cancelLease();
    fill.cancelLease = this.#clock.after(LEASE_MS, () => this.#pass(fill));
  }

  #pass(fill: Fill): void {
    const [next] = fill.waiters;
    if (next === undefined) this.#remove(fill);
    else next.settle(this.#grant(fill));
  }

  #remove(fill: Fill): void {
    fill.cancelLease();
    this.#fills.delete(fill.key);
  }

  #wait(fill: Fill, untilMs: number): Asked | Promise<Asked> {
    const leftMs = untilMs - this.#clock.monotonic();
    if (leftMs <= 0) return { at: "late" };
    if (this.#waiting >= MAX_WAITING) {
      throw new CacheError("OVERLOADED", `${MAX_WAITING} reads wait for keys to be loaded already`);
    }
    this.#waiting += 1;
    this.#counters.tokenWaits += 1;
    return new Promise((resolve, reject) => {
      const leave = () => {
        cancel();
        fill.waiters.delete(waiter);
        this.#waiting -= 1;
      };
      const waiter: Waiter = {
        settle: (asked) => {
          leave();
          resolve(asked);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const cancel = this.#clock.after(leftMs, () => waiter.settle({ at: "late" }));
      fill.waiters.add(waiter);
    });
  }
}

function tellAll({ waiters }: Fill, tell: (waiter: Waiter) => void): void {
  for (const waiter of [...waiters]) tell(waiter);
}
