/**
 * Group commit: what is put and removed while one commit is under way gathers for the next, so that
 * the price of a commit, which is that of some fifty records, is shared by all of them.
 */
import type { Database } from "lmdb";

export type Storage = Database<Buffer, Buffer>;

type Change =
  | {
      readonly kind: "put";
      readonly name: Buffer;
      readonly bytes: Buffer;
      readonly version: number;
    }
  | { readonly kind: "remove"; readonly name: Buffer; readonly version: number };

interface Group {
  readonly changes: Change[];
  bytes: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class GroupCommit {
  readonly #storage: Storage;
  readonly #onFailed: (reason: unknown) => Error;
  #gathering: Group | undefined;
  #committing: Group | undefined;
  #underWayBytes = 0;

  /** @param onFailed - told why a commit failed; what it makes of that is thrown to all of its group. */
  constructor(storage: Storage, onFailed: (reason: unknown) => Error) {
    this.#storage = storage;
    this.#onFailed = onFailed;
  }

  /** Bytes of what is not committed. */
  get underWayBytes(): number {
    return this.#underWayBytes;
  }

  /** Resolves when it is committed; everything that is committed together shares one promise. */
  put(name: Buffer, bytes: Buffer, version: number): Promise<void> {
    const group = this.#gather({ kind: "put", name, bytes, version });
    group.bytes += bytes.byteLength;
    this.#underWayBytes += bytes.byteLength;
    return group.done;
  }

  /** Unless another version is there. */
  remove(name: Buffer, version: number): void {
    this.#gather({ kind: "remove", name, version });
  }

  /** Resolves when everything so far is committed, or has failed. */
  async settled(): Promise<void> {
    while (this.#committing !== undefined || this.#gathering !== undefined) {
      await (this.#committing ?? this.#gathering)?.done.catch(() => {});
    }
  }

  #gather(change: Change): Group {
    if (this.#gathering === undefined) {
      this.#gathering = newGroup();
      // At the end of the turn, when everything that it brings is there.
      if (this.#committing === undefined) setImmediate(() => this.#commit());
    }
    this.#gathering.changes.push(change);
    return this.#gathering;
  }

  #commit(): void {
    const group = this.#gathering;
    if (group === undefined) return;
    this.#gathering = undefined;
    this.#committing = group;
    this.#write(group.changes).then(
      () => {
        this.#end(group);
        group.resolve();
      },
      (error: unknown) => {
        this.#end(group);
        group.reject(this.#onFailed(error));
      },
    );
  }

  #end(group: Group): void {
    this.#underWayBytes -= group.bytes;
    this.#committing = undefined;
    this.#commit();
  }

  async #write(changes: readonly Change[]): Promise<void> {
    await this.#storage.batch(() => {
      for (const change of changes) {
        if (change.kind === "put") {
          void this.#storage.put(change.name, change.bytes, change.version);
        } else {
          // It fails with the whole group.
          this.#storage.remove(change.name, change.version).catch(() => {});
        }
      }
    });
  }
}

function newGroup(): Group {
  let resolve: () => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const done = new Promise<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  // Not everybody waits for it.
  done.catch(() => {});
  return { changes: [], bytes: 0, done, resolve, reject };
}
