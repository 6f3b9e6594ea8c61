/**
 * Who waits for which version of a key to leave the queue: writes that ask for the database, flushes,
 * and callers with a receipt.
 */
import type { DirtyEntry, Fate } from "../../write-behind/dirty-entry.js";

/** `dropped`: the partition is this node's no more, and what becomes of the write is another's matter. */
export type ReceiptFate = Fate | "dropped";

export type WrittenName = Pick<DirtyEntry, "key" | "partition" | "version">;

interface Waiter {
  readonly partition: number;
  readonly version: number;
  readonly settle: (fate: ReceiptFate) => void;
}

export class Receipts {
  /** By key. */
  readonly #waiters = new Map<string, Waiter[]>();

  /**
   * Calls back once, when this version of a key, or a later one, has left the queue.
   *
   * @returns how to call that off.
   */
  wait({ key, partition, version }: WrittenName, settle: (fate: ReceiptFate) => void): () => void {
    const waiter: Waiter = { partition, version, settle };
    const present = this.#waiters.get(key);
    if (present === undefined) this.#waiters.set(key, [waiter]);
    else present.push(waiter);
    return () => this.#keep(key, (other) => other !== waiter);
  }

  settled(rows: readonly DirtyEntry[], fate: Fate): void {
    for (const { key, version } of rows) {
      // Nobody waits for most of them.
      if (this.#waiters.size === 0) return;
      const waiters = this.#waiters.get(key);
      if (waiters === undefined) continue;
      this.#keep(key, (waiter) => waiter.version > version);
      for (const waiter of waiters) if (waiter.version <= version) waiter.settle(fate);
    }
  }

  /** The partition is this node's no more. */
  drop(partition: number): void {
    for (const [key, waiters] of this.#waiters) {
      if (waiters[0]?.partition !== partition) continue;
      this.#waiters.delete(key);
      for (const { settle } of waiters) settle("dropped");
    }
  }

  #keep(key: string, isKept: (waiter: Waiter) => boolean): void {
    const kept = this.#waiters.get(key)?.filter(isKept) ?? [];
    if (kept.length === 0) this.#waiters.delete(key);
    else this.#waiters.set(key, kept);
  }
}
