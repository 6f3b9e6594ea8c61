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

/** Those who wait until the same instant. */
interface Wait {
  /** What ends the waiting of each. */
  readonly expiries: Set<() => void>;
  readonly cancel: () => void;
}

/** As `withDeadline`, with one timer for all that has the same deadline, as what came together has. */
export class Deadlines {
  readonly #clock: Clock;
  /** By their instants. */
  readonly #waits = new Map<number, Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  race<T>(work: Promise<T>, deadlineMs: number, onTimeout: () => Error): Promise<T> {
    const wait = this.#waits.get(deadlineMs) ?? this.#begin(deadlineMs);
    return new Promise((resolve, reject) => {
      const expire = () => reject(onTimeout());
      wait.expiries.add(expire);
      work.then(
        (value) => {
          this.#end(deadlineMs, wait, expire);
          resolve(value);
        },
        (error: unknown) => {
          this.#end(deadlineMs, wait, expire);
          reject(error);
        },
      );
    });
  }

  #begin(deadlineMs: number): Wait {
    const expiries = new Set<() => void>();
    const leftMs = Math.max(0, deadlineMs - this.#clock.monotonic());
    const cancel = this.#clock.after(leftMs, () => {
      this.#waits.delete(deadlineMs);
      for (const expire of expiries) expire();
    });
    const wait = { expiries, cancel };
    this.#waits.set(deadlineMs, wait);
    return wait;
  }

  #end(deadlineMs: number, { expiries, cancel }: Wait, expire: () => void): void {
    expiries.delete(expire);
    if (expiries.size > 0) return;
    cancel();
    this.#waits.delete(deadlineMs);
  }
}
