/**
 * Operations on many keys at once. Each key is an operation of its own, and the batching of the
 * pipes makes one message of those that go to one owner. More keys than the client may have in
 * flight are run slice by slice.
 */
import { CacheError } from "@holdfast/core";
import type { WriteReceipt } from "./cache-types.js";

/** Large enough to fill the batches of several owners, small enough to leave room for others. */
const SLICE_KEYS = 2_000;

/** Some writes of a `setMany` or `deleteMany` failed. */
export class ManyWritesError extends CacheError {
  override readonly name = "ManyWritesError";
  /** The writes that happened. */
  readonly receipts: ReadonlyMap<string, WriteReceipt>;
  /** Why each other one failed. One with the code `OUTCOME_UNKNOWN` may have happened. */
  readonly failures: ReadonlyMap<string, unknown>;

  constructor(receipts: ReadonlyMap<string, WriteReceipt>, failures: ReadonlyMap<string, unknown>) {
    const errors = [...failures.values()];
    const worst =
      errors.find((error) => error instanceof CacheError && error.code === "OUTCOME_UNKNOWN") ??
      errors[0];
    const { code, message } = CacheError.from(worst);
    const total = receipts.size + failures.size;
    super(code, `${failures.size} of ${total} writes failed; one of them: ${message}`, {
      cause: worst,
    });
    this.receipts = receipts;
    this.failures = failures;
  }
}

/** Parts of a list, each of which may be in flight as a whole. */
export function slicesOf<Item>(items: readonly Item[], maxInFlight: number): Item[][] {
  const sliceItems = Math.min(SLICE_KEYS, maxInFlight);
  const slices: Item[][] = [];
  for (let from = 0; from < items.length; from += sliceItems) {
    slices.push(items.slice(from, from + sliceItems));
  }
  return slices;
}

export interface Settled<Result> {
  readonly done: Map<string, Result>;
  readonly failures: Map<string, unknown>;
}

/**
 * Runs `start` for every item, and waits for all of a slice before the next. After a slice with a
 * failure no further slice is started if `stopEarly`.
 */
export async function runMany<Item, Result>(
  items: ReadonlyMap<string, Item>,
  start: (key: string, item: Item) => Promise<Result>,
  { maxInFlight, stopEarly }: { readonly maxInFlight: number; readonly stopEarly: boolean },
): Promise<Settled<Result>> {
  const settled: Settled<Result> = { done: new Map(), failures: new Map() };
  for (const slice of slicesOf([...items], maxInFlight)) {
    const results = await Promise.allSettled(slice.map(([key, item]) => start(key, item)));
    results.forEach((result, index) => {
      const key = slice[index]?.[0] ?? "";
      if (result.status === "fulfilled") settled.done.set(key, result.value);
      else settled.failures.set(key, result.reason);
    });
    if (stopEarly && settled.failures.size > 0) break;
  }
  return settled;
}
