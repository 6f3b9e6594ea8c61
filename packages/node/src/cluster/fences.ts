/**
 * Fencing predecessors: before the first database statement for a partition, its owner makes sure
 * that those who lost the partition without releasing it can write nothing more. Otherwise a node
 * that was paused could wake up and write behind the back of a new owner that has already loaded
 * and served the row.
 *
 * A fence covers an incarnation, not a partition, so each is set once and remembered. It is set in
 * the background as soon as a topology asks for it, and waited for where a statement needs it. What
 * has been fenced is reported to the coordinator until the topology no longer asks for it.
 */
import { type Clock, delay, type Incarnation, type Logger, type Topology } from "@holdfast/core";
import type { Tenure } from "../ownership/tenure.js";

/** How long to wait before reporting again what a coordinator did not take. */
const REPORT_RETRY_MS = 500;

export interface FenceStore {
  /** Marks the incarnations as fenced; afterwards none of their statements has any effect. */
  fence(incarnations: readonly Incarnation[]): Promise<void>;
}

export interface FenceReports {
  reportFenced(fenced: readonly Incarnation[]): Promise<void>;
}

export class Fences {
  readonly #store: FenceStore;
  readonly #reports: FenceReports;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #fenced = new Set<Incarnation>();
  readonly #fencing = new Map<Incarnation, Promise<void>>();
  readonly #stopping = new AbortController();
  #unreported = new Set<Incarnation>();
  #reporting: Promise<void> | undefined;

  constructor(store: FenceStore, reports: FenceReports, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#reports = reports;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Resolves when statements for the tenure's partition may be sent; `undefined` when they may be
   * sent at once, which is the usual case.
   *
   * @throws {DatabaseError} when the fence could not be set.
   */
  ready(tenure: Tenure): Promise<void> | undefined {
    const missing = tenure.unfenced.filter((incarnation) => !this.#fenced.has(incarnation));
    if (missing.length === 0) return undefined;
    return Promise.all(missing.map((incarnation) => this.#fence(incarnation))).then(() => {});
  }

  /**
   * Begins to fence what the topology asks this node's tenures for, and reports again what it still
   * lists although it is fenced.
   */
  apply(topology: Topology, tenures: Iterable<Tenure>): void {
    const wanted = new Set([...tenures].flatMap(({ unfenced }) => unfenced));
    for (const incarnation of wanted) {
      if (this.#fenced.has(incarnation)) continue;
      this.#fence(incarnation).catch((error: unknown) => {
        this.#logger.warn(
          { err: error },
          "fencing a former owner failed; trying when it is needed",
        );
      });
    }
    const listed = new Set(topology.partitions.flatMap(({ unfenced }) => unfenced));
    this.#unreported = new Set([...this.#fenced].filter((incarnation) => listed.has(incarnation)));
    this.#report();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    await this.#reporting;
  }

  #fence(incarnation: Incarnation): Promise<void> {
    const running = this.#fencing.get(incarnation);
    if (running !== undefined) return running;
    const fencing = this.#store
      .fence([incarnation])
      .then(() => {
        this.#fenced.add(incarnation);
        this.#unreported.add(incarnation);
        this.#logger.info({ fenced: incarnation }, "a former owner is fenced off the database");
        this.#report();
      })
      .finally(() => this.#fencing.delete(incarnation));
    this.#fencing.set(incarnation, fencing);
    return fencing;
  }

  #report(): void {
    if (this.#unreported.size === 0 || this.#stopping.signal.aborted) return;
    this.#reporting ??= this.#reportAll().finally(() => {
      this.#reporting = undefined;
    });
  }

  async #reportAll(): Promise<void> {
    while (this.#unreported.size > 0 && !this.#stopping.signal.aborted) {
      const fenced = [...this.#unreported];
      try {
        await this.#reports.reportFenced(fenced);
        for (const incarnation of fenced) this.#unreported.delete(incarnation);
      } catch (error) {
        this.#logger.debug({ err: error }, "reporting fenced incarnations failed; trying again");
        await delay(this.#clock, REPORT_RETRY_MS, this.#stopping.signal).catch(() => {});
      }
    }
  }
}
