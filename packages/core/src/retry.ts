/** Repeating for a while what somebody else may be able to do a moment later. */
import { type Clock, delay } from "./clock.js";

export interface RetryOptions {
  /** For how long, in milliseconds; what is under way then is the last attempt. */
  readonly forMs: number;
  /** The pause between two attempts, in milliseconds. */
  readonly pauseMs: number;
  readonly clock: Clock;
  /** No further attempt is made when it aborts. */
  readonly signal?: AbortSignal;
}

/**
 * What `action` resolves with, the first time that it does.
 *
 * @throws what the last attempt failed with; the signal's reason when that ends a pause.
 */
export async function retry<Result>(
  action: () => Promise<Result>,
  { forMs, pauseMs, clock, signal }: RetryOptions,
): Promise<Result> {
  const untilMs = clock.monotonic() + forMs;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (clock.monotonic() + pauseMs > untilMs) throw error;
    }
    await delay(clock, pauseMs, signal);
  }
}
