/**
 * Asks the coordinator for higher terms of partitions that this node owns: because the sequences
 * of the present term run out, or because the database holds a version of a higher term (its
 * registry was restored to an earlier time). Repeats the request until the topology shows it done.
 */
import { type Clock, delay, type Incarnation, type Logger } from "@holdfast/core";
import type { Tenure } from "../ownership/tenure.js";

const RETRY_MS = 500;

export interface TermRequests {
  requestTerm(
    incarnation: Incarnation,
    partition: number,
    term: number,
    minTerm: number,
  ): Promise<void>;
}

export class Terms {
  readonly #requests: TermRequests;
  readonly #incarnation: () => Incarnation;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #running = new Map<Tenure, Promise<void>>();
  /** The highest term that anybody asked for. */
  readonly #wanted = new WeakMap<Tenure, number>();
  readonly #stopping = new AbortController();

  constructor(
    requests: TermRequests,
    incarnation: () => Incarnation,
    clock: Clock,
    logger: Logger,
  ) {
    this.#requests = requests;
    this.#incarnation = incarnation;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Makes sure that the tenure's term becomes at least `minTerm`. Returns at once. */
  raise(tenure: Tenure, minTerm: number): void {
    this.#wanted.set(tenure, Math.max(minTerm, this.#wanted.get(tenure) ?? 0));
    if (this.#running.has(tenure) || this.#stopping.signal.aborted) return;
    const run = this.#raise(tenure).finally(() => this.#running.delete(tenure));
    this.#running.set(tenure, run);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    await Promise.all(this.#running.values());
  }

  async #raise(tenure: Tenure): Promise<void> {
    for (;;) {
      const { partition, term, state } = tenure;
      const minTerm = this.#wanted.get(tenure) ?? 0;
      if (term >= minTerm || state.at === "ended" || this.#stopping.signal.aborted) return;
      try {
        await this.#requests.requestTerm(this.#incarnation(), partition, term, minTerm);
      } catch (error) {
        this.#logger.debug({ err: error, partition }, "asking for a higher term failed");
      }
      await delay(this.#clock, RETRY_MS, this.#stopping.signal).catch(() => {});
    }
  }
}
