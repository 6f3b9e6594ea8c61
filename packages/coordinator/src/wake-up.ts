/**
 * Lets a loop sleep until something happens or a time has passed. A wake-up that comes while the
 * loop is at work is kept, so none is lost; several become one, since the loop looks at everything
 * whenever it runs.
 */
import type { Clock } from "@holdfast/core";

export class WakeUp {
  readonly #clock: Clock;
  #pending = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#pending = true;
    this.#wake?.();
  }

  /** Resolves on the next wake-up, or after `timeoutMs` where given. For one sleeper at a time. */
  async sleep(timeoutMs?: number): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const cancel =
          timeoutMs === undefined ? () => {} : this.#clock.after(timeoutMs, () => this.#wake?.());
        this.#wake = () => {
          cancel();
          this.#wake = undefined;
          resolve();
        };
      });
    }
    this.#pending = false;
  }
}
