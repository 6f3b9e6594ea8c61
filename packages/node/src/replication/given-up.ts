/**
 * Entries that this node kept for other owners and had to give up, because it is no longer a backup of
 * theirs, or found no place for as the new owner. Usually somebody else has them too; but it may be
 * that nobody has, so they are offered to the present owners, like records of a journal.
 */
import type { Incarnation, Logger } from "@holdfast/core";
import type { JournalRecord, RecordName } from "../journal/record.js";

/** Most bytes of keys and values; what is beyond is left to the journal, until the next start. */
const MAX_BYTES = 64 * 2 ** 20;

/** What the node's journal has of them can be forgotten, too. */
export interface GivenUpJournal {
  forget(name: RecordName, version: number): void;
}

export class GivenUpEntries {
  readonly #journal: GivenUpJournal | undefined;
  readonly #logger: Logger;
  readonly #entries = new Map<Incarnation, Map<string, JournalRecord>>();
  #bytes = 0;

  constructor(journal: GivenUpJournal | undefined, logger: Logger) {
    this.#journal = journal;
    this.#logger = logger;
  }

  /** @param owner - whose entries they were. */
  add(owner: Incarnation, entries: readonly JournalRecord[]): void {
    let left = 0;
    const held = this.#entries.get(owner) ?? new Map<string, JournalRecord>();
    for (const entry of entries) {
      const bytes = bytesOf(entry);
      const known = held.get(nameOf(entry));
      if (known !== undefined && known.version >= entry.version) continue;
      if (this.#bytes + bytes > MAX_BYTES) {
        left += 1;
        continue;
      }
      this.#bytes += bytes - (known === undefined ? 0 : bytesOf(known));
      held.set(nameOf(entry), entry);
    }
    if (held.size > 0) this.#entries.set(owner, held);
    if (left === 0) return;
    if (this.#journal === undefined) {
      this.#logger.error(
        { owner, left },
        "entries of another owner are lost if nobody else has them",
      );
    } else this.#logger.warn({ owner, left }, "the journal brings back the rest at the next start");
  }

  /** What was kept belongs to an incarnation that is over; its journal replays it. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  get leftovers(): readonly Incarnation[] {
    return [...this.#entries.keys()];
  }

  count(owner: Incarnation): number {
    return this.#entries.get(owner)?.size ?? 0;
  }

  records(owner: Incarnation): Iterable<JournalRecord> {
    return this.#entries.get(owner)?.values() ?? [];
  }

  forgetLeftover(owner: Incarnation, record: JournalRecord, version: number): void {
    const held = this.#entries.get(owner);
    const name = nameOf(record);
    const entry = held?.get(name);
    if (held === undefined || entry === undefined || entry.version !== version) return;
    held.delete(name);
    this.#bytes -= bytesOf(entry);
    this.#journal?.forget(record, version);
  }

  async finishLeftover(owner: Incarnation): Promise<void> {
    if (this.count(owner) === 0) this.#entries.delete(owner);
  }
}

function nameOf({ cacheId, key }: RecordName): string {
  return `${cacheId} ${key}`;
}

function bytesOf({ key, value }: JournalRecord): number {
  return key.length + (value?.byteLength ?? 0);
}
