/**
 * Partitions whose owners could not let go: each rests for a while before it is asked for again,
 * longer each time it fails.
 */
import { backoffMs, type Clock, type Random } from "@holdfast/core";

const REST = { baseMs: 250, maxMs: 5_000 };

export class RestingPartitions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #resting = new Map<number, { failures: number; untilMs: number }>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  failed(partition: number): void {
    const failures = this.#resting.get(partition)?.failures ?? 0;
    const untilMs = this.#clock.monotonic() + backoffMs(failures, REST, this.#random);
    this.#resting.set(partition, { failures: failures + 1, untilMs });
  }

  isResting(partition: number): boolean {
    return (this.#resting.get(partition)?.untilMs ?? 0) > this.#clock.monotonic();
  }

  /** Those that rest now. */
  get partitions(): ReadonlySet<number> {
    return new Set([...this.#resting.keys()].filter((partition) => this.isResting(partition)));
  }

  /** Monotonic instant at which the next one has rested enough. */
  get nextAtMs(): number | undefined {
    const ends = [...this.#resting]
      .filter(([partition]) => this.isResting(partition))
      .map(([, { untilMs }]) => untilMs);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** Forgets the failures of partitions that are not to move any more. */
  retain(moving: ReadonlySet<number>): void {
    for (const partition of this.#resting.keys()) {
      if (!moving.has(partition) && !this.isResting(partition)) this.#resting.delete(partition);
    }
  }
}
