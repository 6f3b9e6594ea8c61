/**
 * The shop's business while something happens to the cluster: product lookups and price changes
 * that go on until they are told to stop, and a count of what their callers saw.
 */
import { CacheError } from "@holdfast/core";
import { type JobContext, LOOKUPS_IN_FLIGHT } from "./context.js";
import { inParallel } from "./parallel.js";
import { changePrice } from "./price-writes.js";

export interface TrafficReport {
  readonly lookups: number;
  readonly hits: number;
  readonly writes: number;
  /** Writes whose outcome was unknown and that were therefore made again. */
  readonly repeatedWrites: number;
  /** Calls that failed for their caller, after all retries. */
  readonly clientErrors: number;
  /** How often each error code came. */
  readonly errorCodes: Readonly<Record<string, number>>;
}

const WRITERS = 2;

export class Traffic {
  readonly #context: JobContext;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #errorCodes: Record<string, number> = {};
  #lookups = 0;
  #hits = 0;
  #writes = 0;
  #repeatedWrites = 0;

  /** Begins at once. */
  constructor(context: JobContext) {
    this.#context = context;
    this.#done = Promise.all([
      this.#loop(LOOKUPS_IN_FLIGHT, () => this.#lookUp()),
      this.#loop(WRITERS, () => this.#write()),
    ]).then(() => {});
  }

  get report(): TrafficReport {
    return {
      lookups: this.#lookups,
      hits: this.#hits,
      writes: this.#writes,
      repeatedWrites: this.#repeatedWrites,
      clientErrors: Object.values(this.#errorCodes).reduce((sum, count) => sum + count, 0),
      errorCodes: this.#errorCodes,
    };
  }

  /** Resolves when the calls under way have ended. May be called again. */
  async stop(): Promise<TrafficReport> {
    this.#stop.abort();
    await this.#done;
    return this.report;
  }

  async #loop(inFlight: number, work: () => Promise<void>): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, this.#context.signal]);
    const counted = async () => {
      try {
        await work();
      } catch (error) {
        const { code } = CacheError.from(error);
        this.#errorCodes[code] = (this.#errorCodes[code] ?? 0) + 1;
      }
    };
    // It ends by the signal only, which is what it rejects with.
    await inParallel(Number.POSITIVE_INFINITY, counted, { inFlight, signal }).catch(() => {});
  }

  async #lookUp(): Promise<void> {
    const { caches, cursor } = this.#context;
    const { source } = await caches.products.getWithMeta(String(cursor.next()));
    this.#lookups++;
    if (source === "memory") this.#hits++;
  }

  async #write(): Promise<void> {
    const { random, workload } = this.#context;
    const id = 1 + Math.floor(random.next() * workload.products);
    const { repeats } = await changePrice(this.#context, id);
    this.#writes++;
    this.#repeatedWrites += repeats;
  }
}
