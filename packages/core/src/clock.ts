/**
 * Time, as the rest of the code sees it.
 *
 * This is the only file that asks the system for the time or sets a timer. Whoever needs time
 * takes a Clock in its constructor; tests pass the FakeClock of testing.ts and move it by hand.
 */

/** Cancels a pending callback. Harmless when the callback already ran or was cancelled. */
export type CancelTimer = () => void;

export interface Clock {
  /**
   * Wall-clock time in milliseconds since the Unix epoch; whole milliseconds. It may jump.
   * For instants that leave the process, such as an entry's `expiresAtMs`.
   */
  now(): number;

  /**
   * Milliseconds since an arbitrary instant, with a fraction. It never goes back.
   * For durations inside the process: deadlines, backoff, latencies, the right to serve.
   */
  monotonic(): number;

  /** Calls `callback` once, after `delayMs` milliseconds. A pending timer keeps the process alive. */
  after(delayMs: number, callback: () => void): CancelTimer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Waits for `delayMs`, or until `signal` aborts, whichever is first.
 *
 * @throws the signal's reason when it aborts.
 */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    function onAbort() {
      cancel();
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
