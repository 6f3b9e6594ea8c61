/** Who waits for which version of a key to reach the database. */
import { CacheError } from "@holdfast/core";
import type { DirtyEntry } from "../../write-behind/dirty-entry.js";
import type { Survival } from "../patterns/pattern.js";

interface Waiter {
  readonly partition: number;
  readonly version: number;
  readonly resolve: () => void;
  readonly reject: (reason: CacheError) => void;
}

export class Receipts {
  /** By key. */
  readonly #waiters = new Map<string, Waiter[]>();

  /** Resolves when the database has an entry, or a later write of its key. */
  persisted({ key, partition, version }: DirtyEntry): Promise<Survival> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(key) ?? [];
      waiters.push({ partition, version, resolve: () => resolve("whole"), reject });
      this.#waiters.set(key, waiters);
    });
  }

  /** An entry has left the queue. */
  settled(row: DirtyEntry, how: "persisted" | "parked"): void {
    const waiters = this.#waiters.get(row.key);
    if (waiters === undefined) return;
    const later = waiters.filter(({ version }) => version > row.version);
    if (later.length === 0) this.#waiters.delete(row.key);
    else this.#waiters.set(row.key, later);
    for (const waiter of waiters) {
      if (waiter.version > row.version) continue;
      if (how === "persisted") waiter.resolve();
      else waiter.reject(parked());
    }
  }

  /** The partition is this node's no more. */
  drop(partition: number): void {
    for (const [key, waiters] of this.#waiters) {
      if (waiters[0]?.partition !== partition) continue;
      this.#waiters.delete(key);
      for (const { reject } of waiters) reject(lost());
    }
  }
}

function parked(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the database refuses the row; it is among the dead letters",
  );
}

function lost(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the key's partition changed its owner while the write was on its way to the database",
  );
}
