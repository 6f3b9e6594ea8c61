/**
 * Finds entries by key, and by partition.
 *
 * Each partition has a table of its own. So a partition can be walked or dropped without a look at
 * the others, growing a table moves few entries at a time, and no table comes near the 2^24 keys at
 * which a V8 Map refuses more.
 */
import type { StoredEntry } from "./stored-entry.js";

export class EntryIndex {
  /** By partition, then by key. Partitions without entries are absent. */
  readonly #partitions = new Map<number, Map<string, StoredEntry>>();

  find(key: string, partition: number): StoredEntry | undefined {
    return this.#partitions.get(partition)?.get(key);
  }

  /** Adds an entry whose key is not in the index. */
  add(entry: StoredEntry): void {
    const entries = this.#partitions.get(entry.partition);
    if (entries === undefined) this.#partitions.set(entry.partition, new Map([[entry.key, entry]]));
    else entries.set(entry.key, entry);
  }

  /** Takes out an entry that is in the index. */
  delete(entry: StoredEntry): void {
    const entries = this.#partitions.get(entry.partition);
    if (entries === undefined) return;
    entries.delete(entry.key);
    if (entries.size === 0) this.#partitions.delete(entry.partition);
  }

  /** The entries of one partition. The index may change while they are being read. */
  ofPartition(partition: number): Iterable<StoredEntry> {
    return this.#partitions.get(partition)?.values() ?? [];
  }

  /** All entries. The index may change while they are being read. */
  *all(): Iterable<StoredEntry> {
    for (const entries of this.#partitions.values()) yield* entries.values();
  }
}
