/** The dirty entries that a replica consists of: in memory, and in the node's journal if it has one. */
import type { JournalRecord, RecordName } from "../journal/record.js";
import { RecordIndex } from "../journal/record-index.js";
import type { CleanRecord } from "./messages.js";

/** The node's journal, as backups write to it. */
export interface ReplicaJournal {
  readonly problem: string | undefined;
  /** What is written together shares a promise. A failure that nobody waits for is no unhandled one. */
  write(record: JournalRecord): Promise<void>;
  forget(name: RecordName, version: number): void;
}

export interface ReplicaEntriesParts {
  /** `undefined`: the node keeps none, and has what it backs up in memory alone. */
  readonly journal: ReplicaJournal | undefined;
  /** Told by how many bytes the entries have grown. */
  readonly grow: (bytes: number) => void;
}

/** What an entry costs beyond its key and value. */
const ENTRY_BYTES = 200;

export class ReplicaEntries {
  readonly #parts: ReplicaEntriesParts;
  readonly #held = new RecordIndex<JournalRecord>();
  /** Entries from before, which the owner has not confirmed; `undefined`: it has said which stay. */
  #unconfirmed: Set<JournalRecord> | undefined;

  constructor(parts: ReplicaEntriesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#held.size;
  }

  all(): readonly JournalRecord[] {
    return [...this.#held.values()];
  }

  has(entry: JournalRecord): boolean {
    return this.#held.get(entry) !== undefined;
  }

  /** By how many bytes they would grow with an entry. */
  growthWith(entry: JournalRecord): number {
    const held = this.#held.get(entry);
    return costOf(entry) - (held === undefined ? 0 : costOf(held));
  }

  /**
   * Takes an entry into memory.
   *
   * @returns whether it counts: a newer one may be there already.
   */
  put(entry: JournalRecord): boolean {
    const held = this.#held.get(entry);
    // What was held before the owner began, it may never have had: then its own stands.
    const isConfirming = held !== undefined && this.#unconfirmed?.delete(held) === true;
    if (!isConfirming && held !== undefined && held.version > entry.version) return false;
    this.#held.set(entry, entry);
    this.#parts.grow(costOf(entry) - (held === undefined ? 0 : costOf(held)));
    return true;
  }

  /** Takes one that this node had as the owner and has in its journal, unless there is one of its name. */
  keep(entry: JournalRecord): void {
    if (this.has(entry)) return;
    this.#held.set(entry, entry);
    this.#unconfirmed?.add(entry);
    this.#parts.grow(costOf(entry));
  }

  /** The database has this version or a later one. */
  clean(entry: CleanRecord["entry"]): void {
    const held = this.#held.get(entry);
    if (held !== undefined && held.version <= entry.version) this.#drop(held);
  }

  /** The owner begins to say which of them stay. */
  beginMerge(): void {
    this.#unconfirmed = new Set(this.#held.values());
  }

  get isMerging(): boolean {
    return this.#unconfirmed !== undefined;
  }

  /** The owner has sent everything that is dirty. */
  endMerge(): void {
    for (const entry of this.#unconfirmed ?? []) {
      if (this.#held.get(entry) === entry) this.#drop(entry);
    }
    this.#unconfirmed = undefined;
  }

  /** They are no longer kept here. The journal forgets them, unless they are to stay in it. */
  release(keepJournal: boolean): void {
    for (const entry of this.#held.values()) {
      this.#parts.grow(-costOf(entry));
      if (!keepJournal) this.#parts.journal?.forget(entry, entry.version);
    }
  }

  #drop(entry: JournalRecord): void {
    this.#held.delete(entry);
    this.#parts.grow(-costOf(entry));
    this.#parts.journal?.forget(entry, entry.version);
  }
}

function costOf({ key, value }: JournalRecord): number {
  return ENTRY_BYTES + key.length + (value?.byteLength ?? 0);
}
