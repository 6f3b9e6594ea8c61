/** The clean entries of one node, without caches: what replication tests move. */
import type { JournalRecord, RecordName } from "../journal/record.js";
import type { CleanCopies, CleanEntries, CleanListener } from "../replication/messages.js";

export class FakeCleanEntries implements CleanEntries, CleanCopies {
  /** By partition, then by key, the hottest first. */
  readonly #entries = new Map<number, Map<string, JournalRecord>>();
  readonly #listeners = new Map<number, CleanListener>();

  *hottest(partition: number): Iterable<JournalRecord> {
    for (const { key } of [...this.#of(partition).values()]) {
      const entry = this.get(partition, key);
      if (entry !== undefined) yield entry;
    }
  }

  watch(partition: number, listener: CleanListener): () => void {
    this.#listeners.set(partition, listener);
    return () => {
      if (this.#listeners.get(partition) === listener) this.#listeners.delete(partition);
    };
  }

  put(entry: JournalRecord): void {
    this.#of(entry.partition).set(entry.key, entry);
    this.#listeners.get(entry.partition)?.kept(entry);
  }

  remove(name: RecordName): void {
    if (this.#of(name.partition).delete(name.key)) this.#listeners.get(name.partition)?.gone(name);
  }

  /** It is dirty now: somebody else tells of it. */
  pin({ partition, key }: RecordName): void {
    this.#of(partition).delete(key);
  }

  forget(partition: number): void {
    for (const entry of [...this.#of(partition).values()]) this.remove(entry);
  }

  get(partition: number, key: string): JournalRecord | undefined {
    return this.#of(partition).get(key);
  }

  keys(partition: number): string[] {
    return [...this.#of(partition).keys()];
  }

  isWatched(partition: number): boolean {
    return this.#listeners.has(partition);
  }

  #of(partition: number): Map<string, JournalRecord> {
    const entries = this.#entries.get(partition) ?? new Map<string, JournalRecord>();
    this.#entries.set(partition, entries);
    return entries;
  }
}
