/**
 * How long partitions wait for the journals of those who had them before (`recoverFrom`). The wait is
 * counted from when this leader first saw it; a new leader begins anew.
 */
import type { Clock, Topology } from "@holdfast/core";

export class RecoveryWaits {
  readonly #clock: Clock;
  readonly #waitMs: number;
  /** From partition to the monotonic instant at which its wait began. */
  readonly #since = new Map<number, number>();

  /** @param waitMs - Infinity: for ever. */
  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  /** To be called with every topology. */
  follow({ partitions }: Topology): void {
    const nowMs = this.#clock.monotonic();
    for (const [number, { recoverFrom }] of partitions.entries()) {
      if (recoverFrom.length === 0) this.#since.delete(number);
      else if (!this.#since.has(number)) this.#since.set(number, nowMs);
    }
  }

  /** Partitions that have waited long enough. */
  get over(): ReadonlySet<number> {
    const nowMs = this.#clock.monotonic();
    const over = [...this.#since].filter(([, sinceMs]) => nowMs >= sinceMs + this.#waitMs);
    return new Set(over.map(([number]) => number));
  }

  /** When the next one will have; undefined: none ever, or all have. */
  get nextAtMs(): number | undefined {
    const nowMs = this.#clock.monotonic();
    const ends = [...this.#since.values()].map((sinceMs) => sinceMs + this.#waitMs);
    const next = Math.min(...ends.filter((endMs) => endMs > nowMs));
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }
}
