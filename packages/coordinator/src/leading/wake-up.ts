/**
 * Lets a loop sleep until something happens or a time has passed. What happens while the loop is at
 * work is kept, so nothing is missed; several events become one, since the loop looks at everything
 * whenever it runs.
 */
import type { Clock } from "@holdfast/core";

export class WakeUp {
  readonly #clock: Clock;
  readonly #sleepers = new Set<() => void>();
  #pending = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#pending = true;
    for (const sleeper of [...this.#sleepers]) sleeper();
  }

  /** Forgets what has happened so far. To be called before looking at the state, never after. */
  reset(): void {
    this.#pending = false;
  }

  /** Resolves when something has happened since the last reset, or after `timeoutMs` where given. */
  async sleep(timeoutMs?: number): Promise<void> {
    if (this.#pending) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        this.#sleepers.delete(end);
        resolve();
      };
      const cancel = timeoutMs === undefined ? () => {} : this.#clock.after(timeoutMs, end);
      this.#sleepers.add(end);
    });
  }
}
