/**
 * The clean entries of a partition, in all caches, on their way from its owner to the node that is to
 * be the next one: what there is, and every change of it afterwards.
 */
import type { JournalRecord } from "../journal/record.js";
import type { CleanListener } from "../replication/messages.js";
import type { Entry, NewEntry } from "../store/entry.js";
import type { StoreObserver } from "../store/store-options.js";

/** Who follows which partition. */
export class CleanEntriesWatch {
  readonly #listeners = new Map<number, CleanListener>();

  /** From now on this listener hears of the partition, and nobody else. Returns how to end that. */
  watch(partition: number, listener: CleanListener): () => void {
    this.#listeners.set(partition, listener);
    return () => {
      if (this.#listeners.get(partition) === listener) this.#listeners.delete(partition);
    };
  }

  /** What the store of a cache tells. */
  observer(cacheId: number): StoreObserver {
    const listeners = this.#listeners;
    return {
      watched: listeners,
      kept: (entry) => listeners.get(entry.partition)?.kept(toRecord(cacheId, entry)),
      gone: (key, partition) => listeners.get(partition)?.gone({ cacheId, partition, key }),
    };
  }
}

export function toRecord(cacheId: number, entry: Entry): JournalRecord {
  const { partition, key, version, value, encoding, expiresAtMs, writtenAtMs } = entry;
  return {
    cacheId,
    partition,
    key,
    version,
    value,
    encoding,
    expiresAtMs: expiresAtMs === Number.POSITIVE_INFINITY ? undefined : expiresAtMs,
    writtenAtMs,
  };
}

export function toEntry({ expiresAtMs, ...record }: JournalRecord): NewEntry {
  const { key, version, value, encoding, writtenAtMs } = record;
  return {
    key,
    version,
    value,
    encoding,
    writtenAtMs,
    expiresAtMs: expiresAtMs ?? Number.POSITIVE_INFINITY,
    pinned: false,
  };
}
