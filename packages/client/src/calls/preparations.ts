/**
 * What must be done on another thread before an operation can be sent: a few at a time, because Node's
 * pool has four threads for everything that a service does with files and names.
 *
 * Operations of one entry leave here in the order of their calls. So one that needs no preparation has
 * to come here too while an earlier one is being prepared: a `delete` that overtook the `set` before it
 * would leave behind what it was to remove. How much may wait here is bounded by the flight.
 */
import type { Operation } from "@holdfast/proto";

/** Prepares an operation, or is one that is ready. */
export type Work = Operation | (() => Promise<Operation>);

interface Job {
  readonly entry: string;
  readonly work: Work;
  readonly onReady: (operation: Operation) => void;
  readonly onFailure: (reason: unknown) => void;
  /** Tells `onReady` or `onFailure`. `undefined`: it is not known yet which. */
  settle: (() => void) | undefined;
}

export class Preparations {
  readonly #maxRunning: number;
  /** Not begun; in the order of their calls. */
  readonly #waiting = new Set<Job>();
  /** All jobs by entry; none of them empty. */
  readonly #lines = new Map<string, Job[]>();
  #running = 0;

  constructor(maxRunning: number) {
    this.#maxRunning = maxRunning;
  }

  get isIdle(): boolean {
    return this.#lines.size === 0;
  }

  /** Whether an operation of this entry has to queue up behind another one. */
  has(entry: string): boolean {
    return this.#lines.has(entry);
  }

  /**
   * Calls back once, and never before it returns as long as `work` is a function, or the entry has
   * others here.
   *
   * @returns gives up; nobody is called back then.
   */
  enter(
    entry: string,
    work: Work,
    onReady: (operation: Operation) => void,
    onFailure: (reason: unknown) => void,
  ): () => void {
    const job: Job = { entry, work, onReady, onFailure, settle: undefined };
    const line = this.#lines.get(entry);
    if (line === undefined) this.#lines.set(entry, [job]);
    else line.push(job);
    if (typeof work === "function") {
      this.#waiting.add(job);
      this.#begin();
    } else {
      job.settle = () => onReady(work);
      this.#release(entry);
    }
    return () => this.#leave(job);
  }

  #begin(): void {
    for (const job of this.#waiting) {
      if (this.#running >= this.#maxRunning) return;
      this.#waiting.delete(job);
      if (typeof job.work === "function") void this.#run(job, job.work);
    }
  }

  async #run(job: Job, work: () => Promise<Operation>): Promise<void> {
    this.#running += 1;
    try {
      const operation = await work();
      job.settle = () => job.onReady(operation);
    } catch (error) {
      job.settle = () => job.onFailure(error);
    }
    this.#running -= 1;
    this.#begin();
    this.#release(job.entry);
  }

  /** Lets those go that are ready and have nobody before them. */
  #release(entry: string): void {
    for (;;) {
      const line = this.#lines.get(entry);
      const settle = line?.[0]?.settle;
      if (line === undefined || settle === undefined) return;
      line.shift();
      if (line.length === 0) this.#lines.delete(entry);
      settle();
    }
  }

  #leave(job: Job): void {
    this.#waiting.delete(job);
    const line = this.#lines.get(job.entry);
    const place = line?.indexOf(job) ?? -1;
    if (line === undefined || place < 0) return;
    line.splice(place, 1);
    if (line.length === 0) this.#lines.delete(job.entry);
    else this.#release(job.entry);
  }
}
