/**
 * How long to wait before trying again: exponential, half of it jitter, so that many who failed
 * together do not return together ("equal jitter" of M. Brooker, "Exponential Backoff And Jitter", 2015).
 */
import type { Random } from "./random.js";

export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** Upper bound of every wait, in milliseconds. */
  readonly maxMs: number;
}

/** The wait before retry number `attempt`, the first being 0. Never less than half its bound. */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return bound * (0.5 + random.next() / 2);
}
