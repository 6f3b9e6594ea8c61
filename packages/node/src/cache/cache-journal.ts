/** The node's journal, as one cache writes to it. */
import type { Journal } from "../journal/journal.js";
import type { JournalRecord } from "../journal/record.js";
import type { DirtyEntry } from "../write-behind/dirty-entry.js";

export interface CacheJournal {
  /** Why nothing can be recorded at present; `undefined`: it can. */
  readonly problem: string | undefined;
  /**
   * Resolves when the write survives what the journal is to survive. A failure that nobody waits for is
   * no unhandled one.
   */
  write(record: JournalRecord): Promise<void>;
  /** Whether it has this write, or a later one of its key. */
  holds(entry: DirtyEntry): boolean;
  /** The database has these writes, or later ones of their keys. */
  forget(entries: readonly DirtyEntry[]): void;
}

/** What caches need of a journal; tests have a simpler one. */
export type JournalWriter = Pick<Journal, "problem" | "write" | "holds" | "forget">;

/** @param cacheId - names may be used again; ids never are. */
export function cacheJournal(journal: JournalWriter, cacheId: number): CacheJournal {
  return {
    get problem() {
      return journal.problem;
    },
    write: (record) => journal.write(record),
    holds: ({ key, partition, version }) => journal.holds({ cacheId, key, partition }, version),
    forget(entries) {
      for (const { key, partition, version } of entries) {
        journal.forget({ cacheId, key, partition }, version);
      }
    },
  };
}
