/**
 * The clients of the fault suite: they read, write and delete keys that they share, one operation after
 * the other, and note down what came of each.
 */
import { type Cache, CacheError, type Cluster } from "@holdfast/client";
import type { Random } from "@holdfast/core";
import { History } from "../support/history.js";

const KEYS = Array.from({ length: 400 }, (_, index) => `key-${index}`);
const TIMEOUT = "8s";
/** Codes that tell a writer that nothing was written. */
const NOT_WRITTEN = ["UNAVAILABLE", "OVERLOADED", "DEADLINE_EXCEEDED", "NOT_OWNER"];

export interface LoadFigures {
  readonly acknowledged: number;
  readonly reads: number;
  readonly degraded: number;
  /** How often an operation failed, by code. */
  readonly failures: Readonly<Record<string, number>>;
  /** Failures of a kind that no fault explains. */
  readonly unexpected: readonly string[];
}

export class Load {
  readonly history = new History();
  readonly #cache: Cache<number>;
  readonly #random: Random;
  readonly #failures: Record<string, number> = {};
  readonly #unexpected: string[] = [];
  #degraded = 0;
  #values = 0;
  #isRunning = true;
  readonly #done: Promise<unknown>;

  constructor(clients: readonly Cluster[], cache: string, workers: number, random: Random) {
    this.#random = random;
    const caches = clients.map((client) => client.cache<number>(cache));
    this.#cache = caches[0] as Cache<number>;
    this.#done = Promise.all(
      Array.from({ length: workers }, (_, id) => this.#work(caches[id % caches.length])),
    );
  }

  get figures(): LoadFigures {
    const { acknowledged, reads } = this.history;
    const failures = { ...this.#failures };
    return {
      acknowledged,
      reads,
      degraded: this.#degraded,
      failures,
      unexpected: this.#unexpected,
    };
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
  }

  async #work(cache: Cache<number> = this.#cache): Promise<void> {
    while (this.#isRunning) {
      const key = KEYS[Math.floor(this.#random.next() ** 2 * KEYS.length)] ?? "key-0";
      const startMs = performance.now();
      const draw = this.#random.next();
      const kind = draw < 0.3 ? "read" : draw < 0.97 ? "write" : "delete";
      try {
        await this.#act(cache, kind, key, startMs);
      } catch (error) {
        this.#note(error, kind, key, startMs);
        // A cluster that refuses at once is not asked a million times.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  async #act(cache: Cache<number>, kind: string, key: string, startMs: number): Promise<void> {
    const { history } = this;
    if (kind === "read") {
      const { value = 0, version } = await cache.getWithMeta(key, { timeout: TIMEOUT });
      const endMs = performance.now();
      history.add({ key, kind, startMs, endMs, version: value === 0 ? 0 : version, value });
      return;
    }
    this.#values += 1;
    const value = kind === "write" ? this.#values : 0;
    if (kind === "write") history.begin(value);
    const receipt =
      kind === "write"
        ? await cache.set(key, value, { timeout: TIMEOUT })
        : await cache.delete(key, { timeout: TIMEOUT });
    const endMs = performance.now();
    if (receipt.degraded) this.#degraded += 1;
    const change = kind === "write" ? "write" : "delete";
    history.add({ key, kind: change, startMs, endMs, version: receipt.version, value });
  }

  #note(error: unknown, kind: string, key: string, startMs: number): void {
    const code = error instanceof CacheError ? error.code : "not a CacheError";
    this.#failures[code] = (this.#failures[code] ?? 0) + 1;
    if (code === "OUTCOME_UNKNOWN") {
      if (kind === "delete") this.history.addUncertainDelete(key, startMs);
    } else if (!NOT_WRITTEN.includes(code)) this.#unexpected.push(`${kind}: ${String(error)}`);
  }
}
