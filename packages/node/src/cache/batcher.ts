/**
 * Makes one statement out of many concurrent requests. What arrives in one turn of the event loop
 * goes together; while as many batches are under way as allowed, more gathers for the next. Nothing
 * waits for a timer.
 */
import { CacheError } from "@holdfast/core";

export interface BatcherOptions<Item, Result> {
  /** Most items in one batch. */
  readonly maxItems: number;
  /** Most bytes in one batch, unless a single item has more. */
  readonly maxBytes: number;
  readonly bytesOf: (item: Item) => number;
  /** Most batches under way. */
  readonly maxConcurrent: number;
  /** Most items waiting; beyond it `add` fails with `OVERLOADED`. */
  readonly maxWaiting: number;
  /** Runs one batch; results are in the order of the items. A failure fails all of them. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

export class Batcher<Item, Result> {
  readonly #options: BatcherOptions<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #underWay = 0;
  #isScheduled = false;

  constructor(options: BatcherOptions<Item, Result>) {
    this.#options = options;
  }

  /** @throws {CacheError} `OVERLOADED` when too much waits already; what `run` throws. */
  add(item: Item): Promise<Result> {
    const { maxWaiting } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      return Promise.reject(
        new CacheError("OVERLOADED", `${maxWaiting} requests wait for the database already`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#underWay >= this.#options.maxConcurrent) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  /** How many of those that wait go into the next batch: one at least. */
  #nextSize(): number {
    const { maxItems, maxBytes, bytesOf } = this.#options;
    let size = 0;
    let bytes = 0;
    for (const { item } of this.#waiting) {
      bytes += bytesOf(item);
      if (size === maxItems || (size > 0 && bytes > maxBytes)) break;
      size += 1;
    }
    return size;
  }

  #send(): void {
    const { maxConcurrent, run } = this.#options;
    while (this.#waiting.length > 0 && this.#underWay < maxConcurrent) {
      const batch = this.#waiting.splice(0, this.#nextSize());
      this.#underWay += 1;
      run(batch.map(({ item }) => item))
        .then(
          (results) => {
            // `run` promises a result for each item.
            for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
          },
          (error: unknown) => {
            for (const { reject } of batch) reject(error);
          },
        )
        .finally(() => {
          this.#underWay -= 1;
          if (this.#waiting.length > 0) this.#schedule();
        });
    }
  }
}
