/**
 * Gives back the memory of expired entries that nobody reads.
 *
 * It visits all stores of a node at an interval, and each visit costs the event loop one slice of
 * bounded length. When a slice ends before the work does, the next one follows after a short pause
 * in which requests are served. It begins with the store after the one at which the last stopped, so
 * that no store waits for another that never runs out of work.
 */
import type { CancelTimer, Clock, Component } from "@holdfast/core";
import type { Store } from "./store.js";

const INTERVAL_MS = 200;
const SLICE_MS = 1;
/** The pause between two slices while there is more to do: half of the time is left to requests. */
const PAUSE_MS = 1;

export class Reclaimer implements Component {
  readonly name = "reclaimer";
  readonly #clock: Clock;
  readonly #stores: () => Iterable<Store>;
  /** The store at which the last slice ended before its work did. */
  #unfinished: Store | undefined;
  #cancelTimer: CancelTimer | undefined;

  /** `stores` names the stores of the moment; it is asked at every slice. */
  constructor(clock: Clock, stores: () => Iterable<Store>) {
    this.#clock = clock;
    this.#stores = stores;
  }

  async start(): Promise<void> {
    this.#schedule(INTERVAL_MS);
  }

  async stop(): Promise<void> {
    this.#cancelTimer?.();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#reclaimSlice();
      this.#schedule(this.#unfinished === undefined ? INTERVAL_MS : PAUSE_MS);
    });
  }

  #reclaimSlice(): void {
    const deadlineMs = this.#clock.monotonic() + SLICE_MS;
    const stores = [...this.#stores()];
    const first = this.#unfinished === undefined ? 0 : stores.indexOf(this.#unfinished) + 1;
    this.#unfinished = [...stores.slice(first), ...stores.slice(0, first)].find(
      (store) => !store.reclaim(deadlineMs),
    );
  }
}
