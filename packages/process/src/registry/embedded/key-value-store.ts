/**
 * The keys of the embedded registry, in memory, with etcd's revisions: every transaction that
 * changes anything makes one, and all its changes carry it.
 *
 * Leases (lease-table.ts) and watches (watch-session.ts) learn of changes by listening. Everything
 * here is synchronous, so a transaction is atomic and every listener sees all changes in order.
 */
import { status } from "@grpc/grpc-js";
import { History, type StoredChange, type StoredEntry } from "./history.js";
import { StatusError } from "./status-error.js";

/** `end` undefined: the one key; "\0": everything from `start` on; else up to `end`, excluded. */
export interface Range {
  readonly start: string;
  readonly end: string | undefined;
}

/** Changes under way. They are visible to the transaction that makes them. */
export interface StoreWriter {
  put(key: string, value: Buffer, leaseId: string | undefined): void;
  /** Returns what was deleted. */
  delete(range: Range): readonly StoredEntry[];
}

export class KeyValueStore {
  readonly #entries = new Map<string, StoredEntry>();
  readonly #history = new History();
  readonly #listeners = new Set<(changes: readonly StoredChange[]) => void>();
  /** As in etcd, an empty store has revision 1, so that 0 can mean "none". */
  #revision = 1;

  /** Revision of the last change. */
  get revision(): number {
    return this.#revision;
  }

  get compactRevision(): number {
    return this.#history.compactRevision;
  }

  get(key: string): StoredEntry | undefined {
    return this.#entries.get(key);
  }

  /** In the order of the keys' bytes. It sorts each time, which suits hundreds of keys. */
  list(range: Range): readonly StoredEntry[] {
    if (range.end === undefined) {
      const entry = this.#entries.get(range.start);
      return entry === undefined ? [] : [entry];
    }
    const found = [...this.#entries.values()].filter(({ key }) => isInRange(key, range));
    return found.sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  /** Runs `write`, which must have checked everything before it makes its first change. */
  transact<Result>(write: (writer: StoreWriter) => Result): Result {
    const changes: StoredChange[] = [];
    const revision = this.#revision + 1;
    const result = write({
      put: (key, value, leaseId) => changes.push(this.#put({ key, value, leaseId, revision })),
      delete: (range) => {
        const deleted = this.list(range);
        for (const previous of deleted) {
          this.#entries.delete(previous.key);
          changes.push({ revision, key: previous.key, entry: undefined, previous });
        }
        return deleted;
      },
    });
    if (changes.length > 0) this.#commit(revision, changes);
    return result;
  }

  /** Changes of `revision` and later, oldest first; none that were compacted. */
  changesSince(revision: number): readonly StoredChange[] {
    return this.#history.since(revision);
  }

  /** Forgets the changes of lower revisions. */
  compact(revision: number): void {
    if (revision > this.#revision) {
      throw outOfRange("required revision is a future revision");
    }
    if (revision <= this.#history.compactRevision) {
      throw outOfRange("required revision has been compacted");
    }
    this.#history.compact(revision);
  }

  /** Calls `listener` with the changes of each revision. Returns a function that removes it. */
  onCommit(listener: (changes: readonly StoredChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(put: Pick<StoredEntry, "key" | "value" | "leaseId"> & { revision: number }): StoredChange {
    const { key, value, leaseId, revision } = put;
    const previous = this.#entries.get(key);
    const entry = {
      key,
      value,
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      leaseId,
    };
    this.#entries.set(key, entry);
    return { revision, key, entry, previous };
  }

  #commit(revision: number, changes: readonly StoredChange[]): void {
    this.#revision = revision;
    this.#history.append(changes);
    for (const listener of this.#listeners) listener(changes);
  }
}

export function isInRange(key: string, { start, end }: Range): boolean {
  if (end === undefined) return key === start;
  return key >= start && (end === "\0" || key < end);
}

function outOfRange(what: string): StatusError {
  return new StatusError(status.OUT_OF_RANGE, `etcdserver: mvcc: ${what}`);
}
