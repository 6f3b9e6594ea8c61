/** What all operations of one request have in common, and how it is made from what came in. */
import type { Clock } from "@holdfast/core";

export interface RequestContext {
  /** Epoch of the sender's topology. */
  readonly epoch: number;
  /** Monotonic instant by which the answer must be on its way. */
  readonly deadlineMs: number;
}

/** Given to requests that state none, in milliseconds. */
const DEFAULT_BUDGET_MS = 5_000;

const MAX_BUDGET_MS = 300_000;

/** Kept for the way back: a tenth of the budget, at most this much. */
const MAX_MARGIN_MS = 50;

/**
 * The caller waits `budgetMs` from the receipt of its request; it shall have its answer before that.
 *
 * @param receivedAtMs - on the monotonic clock. Default: now.
 */
export function requestContext(
  clock: Clock,
  epoch: number,
  budgetMs: number,
  receivedAtMs: number = clock.monotonic(),
): RequestContext {
  const budget = budgetMs > 0 ? Math.min(budgetMs, MAX_BUDGET_MS) : DEFAULT_BUDGET_MS;
  const margin = Math.min(MAX_MARGIN_MS, budget / 10);
  return { epoch, deadlineMs: receivedAtMs + budget - margin };
}
