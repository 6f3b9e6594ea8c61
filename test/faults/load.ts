/**
 * The clients of the fault suite: they read, write and delete keys that they share, in several caches,
 * and note down what came of each. So many operations begin in each second, whatever becomes of those
 * before: a key that waits for a fault to heal must not keep the others from being used. Only so many
 * of one key are under way at a time.
 */
import { type Cache, CacheError, type Cluster } from "@holdfast/client";
import type { Random } from "@holdfast/core";
import { KeyHistories, type Kind } from "./key-histories.js";

/** Codes that tell a writer that nothing was written. */
const NOT_WRITTEN = ["UNAVAILABLE", "OVERLOADED", "DEADLINE_EXCEEDED", "NOT_OWNER"];
const REMEMBERED_FAILURES = 100;
const FIRST_FAILURES = 5;
const MAX_IN_FLIGHT_PER_KEY = 3;
const TICK_MS = 5;
/** What a busy machine has missed beyond that is not made up for. */
const MAX_DEBT_MS = 200;

export interface LoadOptions {
  readonly caches: readonly string[];
  /** In each cache. The first are used more often than the last. Default 400. */
  readonly keys?: number;
  /** Of the keys. Default `key-`. */
  readonly prefix?: string;
  /** Operations that begin in each second. Default 1,000. */
  readonly rate?: number;
  /** Of one operation. Default `8s`. */
  readonly timeout?: `${number}s`;
}

export interface LoadFigures {
  readonly acknowledged: number;
  readonly reads: number;
  readonly degraded: number;
  /** How often an operation failed, by code. */
  readonly failures: Readonly<Record<string, number>>;
  /** The first of them, in words. */
  readonly firstFailures: readonly string[];
  /** Failures of a kind that no fault explains. */
  readonly unexpected: readonly string[];
}

/** A key of a cache, under the name that its history has. */
interface Place {
  readonly cache: string;
  readonly key: string;
  readonly name: string;
  /** Operations under way. */
  inFlight: number;
}

type Handles = ReadonlyMap<string, Cache<number>>;

export class Load {
  readonly history: KeyHistories;
  readonly #places: readonly Place[];
  readonly #timeout: `${number}s`;
  readonly #random: Random;
  readonly #failures: Record<string, number> = {};
  readonly #firstFailures: string[] = [];
  readonly #unexpected: string[] = [];
  #degraded = 0;
  #isRunning = true;
  readonly #done: Promise<unknown>;

  constructor(clients: readonly Cluster[], random: Random, options: LoadOptions) {
    const { caches, keys = 400, prefix = "key-", rate = 1_000, timeout = "8s" } = options;
    this.#random = random;
    this.#timeout = timeout;
    this.#places = Array.from({ length: keys }, (_, index) => `${prefix}${index}`).flatMap((key) =>
      caches.map((cache) => ({ cache, key, name: `${cache}/${key}`, inFlight: 0 })),
    );
    this.history = new KeyHistories(
      this.#places.map(({ name }) => name),
      () => performance.now(),
    );
    const handles = clients.map(
      (client) => new Map(caches.map((name) => [name, client.cache<number>(name)])),
    );
    this.#done = this.#begin(handles, rate);
  }

  get figures(): LoadFigures {
    const { acknowledged, reads } = this.history;
    const failures = { ...this.#failures };
    return {
      acknowledged,
      reads,
      degraded: this.#degraded,
      failures,
      firstFailures: this.#firstFailures,
      unexpected: this.#unexpected,
    };
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
  }

  async #begin(clients: readonly Handles[], rate: number): Promise<void> {
    const underWay = new Set<Promise<void>>();
    let paidUntilMs = performance.now();
    while (this.#isRunning) {
      const nowMs = performance.now();
      paidUntilMs = Math.max(paidUntilMs, nowMs - MAX_DEBT_MS);
      for (; paidUntilMs < nowMs; paidUntilMs += 1_000 / rate) {
        const place = this.#place();
        if (place === undefined) continue;
        place.inFlight += 1;
        const work = this.#work(this.#pick(clients), place).finally(() => {
          place.inFlight -= 1;
          underWay.delete(work);
        });
        underWay.add(work);
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    await Promise.all(underWay);
  }

  /** One that can take another operation, if it is found soon. */
  #place(): Place | undefined {
    for (let attempt = 1; attempt <= 10; attempt++) {
      const place = this.#places[Math.floor(this.#random.next() ** 2 * this.#places.length)];
      if (place !== undefined && place.inFlight < MAX_IN_FLIGHT_PER_KEY) return place;
    }
    return undefined;
  }

  #pick(clients: readonly Handles[]): Handles {
    return clients[Math.floor(this.#random.next() * clients.length)] ?? new Map();
  }

  async #work(caches: Handles, place: Place): Promise<void> {
    const cache = caches.get(place.cache);
    if (cache === undefined) throw new Error(`no client has ${place.cache}`);
    const draw = this.#random.next();
    await this.#act(cache, draw < 0.3 ? "read" : draw < 0.97 ? "write" : "delete", place);
  }

  async #act(cache: Cache<number>, kind: Kind, { key, name }: Place): Promise<void> {
    const begun = this.history.begin(name, kind);
    const options = { timeout: this.#timeout };
    try {
      if (kind === "read") {
        const { value = 0, version } = await cache.getWithMeta(key, options);
        this.history.end(begun, value === 0 ? 0 : version, value);
        return;
      }
      const value = kind === "write" ? this.history.newValue(name) : 0;
      const { version, degraded } =
        kind === "write" ? await cache.set(key, value, options) : await cache.delete(key, options);
      this.history.end(begun, version, value);
      if (degraded) this.#degraded += 1;
    } catch (error) {
      const code = error instanceof CacheError ? error.code : "not a CacheError";
      this.history.fail(begun, { mayHaveHappened: !NOT_WRITTEN.includes(code) });
      this.#failures[code] = (this.#failures[code] ?? 0) + 1;
      const isExpected = code === "OUTCOME_UNKNOWN" || NOT_WRITTEN.includes(code);
      const told = `${kind} of ${name}: ${String(error)}`;
      if (this.#firstFailures.length < FIRST_FAILURES) this.#firstFailures.push(told);
      if (!isExpected && this.#unexpected.length < REMEMBERED_FAILURES) this.#unexpected.push(told);
    }
  }
}
