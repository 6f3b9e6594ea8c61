/** Random askers, loaders that die or dawdle, and writers in between, against what must hold at every step. */
import type { Random } from "@holdfast/core";
import { seededRandom, settle, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { type CacheFixture, createCacheFixture, text, textOf } from "../testing/cache-fixture.js";
import type { ReadResult } from "./context.js";
import { LEASE_MS } from "./fills.js";
import type { CacheCounters } from "./stats.js";

const seed = testSeed();
const KEYS = ["a", "b"];
const RUNS = 60;
const STEPS = 150;
const BUDGET_MS = 3 * LEASE_MS;
const TTL_MS = LEASE_MS;

/** A loader that has a token. */
interface Holder {
  readonly key: string;
  readonly token: number;
  /** What the application's database said when it began. */
  readonly loaded: string;
  leaseEndsAtMs: number;
  /** Whether its fill must be refused, by what this test knows. */
  isVoid: boolean;
}

class Model {
  readonly #random: Random;
  readonly #fixture: CacheFixture = createCacheFixture("cache-aside", {
    grace: "3s",
    refreshAhead: 1,
  });
  /** By key. */
  readonly #database = new Map(KEYS.map((key) => [key, "0"]));
  readonly #tokens = new Set<number>();
  /** When leases end, or would have ended. */
  readonly #leaseEndsAtMs = new Set<number>();
  #holders: Holder[] = [];
  #asked = 0;
  #answered = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get counters(): CacheCounters {
    return this.#fixture.cache.counters;
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      await this.#act();
      await settle();
      this.#check();
    }
    // Nobody is forgotten: at the end of his time, at the latest, everybody has an answer.
    for (let left = 0; left <= BUDGET_MS / LEASE_MS; left++) {
      await this.#advance(LEASE_MS);
    }
    expect(this.#answered).toBe(this.#asked);
    expect(this.#fixture.clock.pendingTimers).toBe(0);
  }

  async #act(): Promise<void> {
    const key = this.#pick(KEYS) ?? "a";
    const holder = this.#pick(this.#holders);
    const { filling } = this.#fixture.operations;
    const act = this.#random.next();
    if (act < 0.45) this.#ask(key);
    else if (act < 0.55) await this.#write(key);
    else if (act < 0.57) this.#clear();
    else if (act < 0.65) await this.#advance(Math.floor(this.#random.next() * LEASE_MS));
    else if (holder === undefined) return;
    else if (act < 0.85) await this.#fill(holder);
    else if (act < 0.9) this.#renew(holder);
    else if (act < 0.93) this.#end(holder, filling.returned(holder.key, holder.token));
    else if (act < 0.95) this.#fail(holder);
    else if (act < 0.97) this.#end(holder, filling.foundNothing(holder.key, holder.token, 50));
    // Its process dies; nobody is told.
    else this.#holders = this.#holders.filter((other) => other !== holder);
  }

  #ask(key: string): void {
    const { operations, context } = this.#fixture;
    this.#asked += 1;
    const told = (): void => {
      this.#answered += 1;
    };
    const asked = new Promise((resolve) =>
      resolve(operations.filling.load(key, undefined, context(BUDGET_MS))),
    );
    asked.then((result) => {
      told();
      const { at, token, read } = result as { at: string; token: number; read?: ReadResult };
      this.#checkRead(key, read);
      if (at !== "granted") return;
      expect(this.#tokens.has(token)).toBe(false);
      this.#tokens.add(token);
      // A new token: whoever had one before has it no longer.
      for (const holder of this.#holders) if (holder.key === key) holder.isVoid = true;
      const loaded = this.#database.get(key) ?? "";
      this.#holders.push({ key, token, loaded, leaseEndsAtMs: this.#leaseEnd(), isVoid: false });
    }, told);
  }

  /** As applications do: the database first, then the cache. */
  async #write(key: string): Promise<void> {
    const { operations, context } = this.#fixture;
    const value = String(this.#random.next());
    this.#database.set(key, value);
    this.#void(key);
    if (this.#random.next() < 0.5) await operations.delete(key, undefined, context());
    else await operations.set(key, text(value, TTL_MS), undefined, context());
  }

  #clear(): void {
    for (const key of KEYS) this.#void(key);
    this.#fixture.operations.clear();
  }

  async #fill(holder: Holder): Promise<void> {
    const { operations, context } = this.#fixture;
    const { key, token, loaded } = holder;
    const isOver = holder.isVoid || this.#isOver(holder);
    const written = await operations.filling.found(key, token, text(loaded, TTL_MS), context());
    if (isOver) expect(written).toBeUndefined();
    else expect(written).toBeDefined();
    this.#end(holder, written !== undefined);
  }

  #renew(holder: Holder): void {
    const isOver = holder.isVoid || this.#isOver(holder);
    expect(this.#fixture.operations.filling.renew(holder.key, holder.token)).toBe(!isOver);
    if (!isOver) holder.leaseEndsAtMs = this.#leaseEnd();
  }

  #fail(holder: Holder): void {
    const { operations, context } = this.#fixture;
    const { key, token } = holder;
    const { wasGood, read } = operations.filling.failed(key, token, "no", context());
    this.#checkRead(key, read);
    this.#end(holder, wasGood);
  }

  #end(holder: Holder, wasGood: boolean): void {
    expect(wasGood).toBe(!holder.isVoid && !this.#isOver(holder));
    this.#holders = this.#holders.filter((other) => other !== holder);
  }

  /** Whatever is read is what the database says: a fill from before the last write never comes to be seen. */
  #check(): void {
    for (const key of KEYS) {
      this.#checkRead(key, this.#fixture.cache.store.peek(key));
      this.#checkRead(key, this.#fixture.cache.store.findInGrace(key));
    }
  }

  #checkRead(key: string, read: { readonly value: Uint8Array | undefined } | undefined): void {
    if (read?.value !== undefined) expect(textOf(read)).toBe(this.#database.get(key));
  }

  #isOver({ leaseEndsAtMs }: Holder): boolean {
    return this.#fixture.clock.monotonic() >= leaseEndsAtMs;
  }

  #void(key: string): void {
    for (const holder of this.#holders) if (holder.key === key) holder.isVoid = true;
  }

  /** Of a lease that begins now. */
  #leaseEnd(): number {
    const endsAtMs = this.#fixture.clock.monotonic() + LEASE_MS;
    this.#leaseEndsAtMs.add(endsAtMs);
    return endsAtMs;
  }

  /** Stops wherever a lease ends: who gets the token there is told in that instant, and his lease begins in it. */
  async #advance(ms: number): Promise<void> {
    const { clock } = this.#fixture;
    const untilMs = clock.monotonic() + ms;
    // In order, because no lease begins before another; and it grows on the way.
    for (const endsAtMs of this.#leaseEndsAtMs) {
      if (endsAtMs > untilMs) break;
      this.#leaseEndsAtMs.delete(endsAtMs);
      clock.advance(endsAtMs - clock.monotonic());
      await settle();
    }
    clock.advance(untilMs - clock.monotonic());
    await settle();
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random.next() * items.length)];
  }
}

describe("Loading by callers", () => {
  it(`has one token for a key, none from before a write, and an answer for everybody (seed ${seed})`, async () => {
    const seen = { servedInGrace: 0, refreshesAhead: 0 };
    for (let run = 0; run < RUNS; run++) {
      const model = new Model(seededRandom(seed + run));
      await model.run();
      seen.servedInGrace += model.counters.servedInGrace;
      seen.refreshesAhead += model.counters.refreshesAhead;
    }
    // Else it would say nothing about them.
    expect(Math.min(seen.servedInGrace, seen.refreshesAhead)).toBeGreaterThan(RUNS / 10);
  });
});
