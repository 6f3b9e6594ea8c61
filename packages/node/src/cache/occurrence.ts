/**
 * Something that happens once. Whoever waits for it may give up and leaves nothing behind, which a
 * promise that many await would not allow.
 */
import { CacheError, type Clock } from "@holdfast/core";

/** Most who wait for one occurrence; further ones are refused. */
const MAX_WAITING = 10_000;

export class Occurrence {
  readonly #waiting = new Set<() => void>();
  #hasHappened = false;

  happen(): void {
    this.#hasHappened = true;
    for (const wake of [...this.#waiting]) wake();
  }

  /**
   * @returns whether it happened before the deadline.
   * @throws {CacheError} `OVERLOADED` when too many wait already.
   */
  async wait(clock: Clock, deadlineMs: number): Promise<boolean> {
    if (this.#hasHappened) return true;
    if (this.#waiting.size >= MAX_WAITING) {
      throw new CacheError("OVERLOADED", `${MAX_WAITING} operations wait for this key already`);
    }
    await new Promise<void>((resolve) => {
      const wake = () => {
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = clock.after(Math.max(0, deadlineMs - clock.monotonic()), wake);
      this.#waiting.add(wake);
    });
    return this.#hasHappened;
  }
}
