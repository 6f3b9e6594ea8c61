/** A journal in memory, for tests: keeps the newest record of each key, and fails when it is told to. */
import type { JournalWriter } from "../cache/cache-journal.js";
import type { JournalRecord, RecordName } from "../journal/record.js";

export class MemoryJournal implements JournalWriter {
  readonly records: Map<string, JournalRecord> = new Map();
  problem: string | undefined;
  /** Called before a record is kept; may wait, or throw instead. */
  beforeWrite: () => Promise<void> | void = () => {};

  write(record: JournalRecord): Promise<void> {
    const written = this.#write(record);
    // Not everybody waits for it.
    written.catch(() => {});
    return written;
  }

  holds({ key }: RecordName, version: number): boolean {
    return (this.records.get(key)?.version ?? 0) >= version;
  }

  forget({ key }: RecordName, version: number): void {
    if (this.records.get(key)?.version === version) this.records.delete(key);
  }

  async #write(record: JournalRecord): Promise<void> {
    await this.beforeWrite();
    this.records.set(record.key, record);
  }
}
