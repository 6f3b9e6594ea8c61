/** Waiting with a limit: the waiter gives up at its deadline, the work itself goes on. */
import type { Clock } from "@holdfast/core";

/**
 * Settles as `work` does, or fails with `onTimeout()` at the deadline (monotonic, milliseconds).
 * A failure of `work` after that is nobody's any more and is dropped.
 */
export function withDeadline<T>(
  work: Promise<T>,
  clock: Clock,
  deadlineMs: number,
  onTimeout: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, deadlineMs - clock.monotonic()), () =>
      reject(onTimeout()),
    );
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
