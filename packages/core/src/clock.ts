/**
 * The only place that asks the system what time it is, and that sets timers. Everybody else is
 * given a Clock, which tests replace by one that they move themselves (testing.ts).
 *
 * There are two times. Wall-clock time can be told to others; monotonic time means nothing outside
 * the process. Wall-clock time is read from the system once, when the process starts, and advanced
 * like monotonic time, so that setting the system's clock brings no expired entry back to life.
 */

/** Calls a timer off. Doing so late, or twice, has no effect. */
export type CancelTimer = () => void;

export interface Clock {
  /** Whole milliseconds since 1970: for instants that others read, like the end of a TTL. */
  now(): number;

  /** The same as the system tells it now. It jumps when somebody sets it: for deadlines of gRPC only. */
  systemNow(): number;

  /** Milliseconds, with a fraction, since some instant: for deadlines, ages and leases. */
  monotonic(): number;

  /** Runs `callback` in `delayMs` milliseconds. The process stays alive until it has run. */
  after(delayMs: number, callback: () => void): CancelTimer;
}

/** Read once: it never changes, and reading it is slower than reading the time. */
const TIME_ORIGIN = performance.timeOrigin;

/** The time of this machine. */
export const systemClock: Clock = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  monotonic: () => performance.now(),
  now: () => Math.floor(TIME_ORIGIN + performance.now()),
  systemNow: () => Date.now(),
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
