/**
 * One demanded flush: how many of the writes that were dirty when it was asked for have not left the
 * queue yet, and what became of the others. It knows them by their order alone, whatever their number.
 */
import type { DirtyEntry, Fate } from "./dirty-entry.js";

/** `dropped`: the partition is this node's no more. */
export type Departure = Fate | "dropped";

/** Keys in one report, of either kind. */
const MAX_REPORTED_KEYS = 1_000;

export class FlushRun {
  readonly counts: Record<Departure, number> = { persisted: 0, parked: 0, dropped: 0 };
  readonly parkedKeys: string[] = [];
  readonly #upTo: number;
  readonly #onEnd: () => void;
  #left: number;

  /** @param upTo - the order of the last write that counts. */
  constructor(upTo: number, entries: number, onEnd: () => void) {
    this.#upTo = upTo;
    this.#left = entries;
    this.#onEnd = onEnd;
  }

  /** How many are still dirty. */
  get left(): number {
    return this.#left;
  }

  covers({ order }: DirtyEntry): boolean {
    return order <= this.#upTo;
  }

  depart(entries: readonly DirtyEntry[], how: Departure): void {
    let count = 0;
    for (const entry of entries) {
      if (!this.covers(entry)) continue;
      count += 1;
      if (how === "parked") note(this.parkedKeys, entry.key);
    }
    this.counts[how] += count;
    this.#leave(count);
  }

  /** One entry stands for another of its key from now on. */
  merge(old: DirtyEntry, newer: DirtyEntry): void {
    if (this.covers(old) && this.covers(newer)) this.#leave(1);
  }

  /** Keys of those that are still among these. */
  keysOf(entries: Iterable<DirtyEntry>): readonly string[] {
    const keys: string[] = [];
    for (const entry of entries) if (this.covers(entry)) note(keys, entry.key);
    return keys;
  }

  #leave(count: number): void {
    this.#left -= count;
    if (count > 0 && this.#left === 0) this.#onEnd();
  }
}

function note(keys: string[], key: string): void {
  if (keys.length < MAX_REPORTED_KEYS) keys.push(key);
}
