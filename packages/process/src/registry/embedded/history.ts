/**
 * The changes of the past, for watches that begin at an earlier revision. It is bounded: the oldest
 * revisions are forgotten beyond `MAX_CHANGES` changes or `MAX_BYTES` of values, as if somebody had
 * compacted them.
 */

const MAX_CHANGES = 10_000;
const MAX_BYTES = 33_554_432;

/** A key and its value at a revision. Keys are byte strings: one character (0–255) per byte. */
export interface StoredEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How many times the key was written since it was created. */
  readonly version: number;
  /** Undefined when the key lives until it is deleted. */
  readonly leaseId: string | undefined;
}

export interface StoredChange {
  readonly revision: number;
  readonly key: string;
  /** Undefined when the key was deleted. */
  readonly entry: StoredEntry | undefined;
  readonly previous: StoredEntry | undefined;
}

export class History {
  #changes: StoredChange[] = [];
  #bytes = 0;
  #compactRevision = 0;

  /** Changes of lower revisions are forgotten. */
  get compactRevision(): number {
    return this.#compactRevision;
  }

  append(changes: readonly StoredChange[]): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += bytesOf(change);
    }
    if (this.#changes.length > MAX_CHANGES || this.#bytes > MAX_BYTES) this.#forgetHalf();
  }

  /** Changes of `revision` and later, oldest first. */
  since(revision: number): readonly StoredChange[] {
    return this.#changes.filter((change) => change.revision >= revision);
  }

  compact(revision: number): void {
    this.#compactRevision = Math.max(this.#compactRevision, revision);
    this.#changes = this.#changes.filter((change) => change.revision >= this.#compactRevision);
    this.#bytes = this.#changes.reduce((sum, change) => sum + bytesOf(change), 0);
  }

  /** Half at once, so that the cost of copying the rest is spread over many changes. */
  #forgetHalf(): void {
    let bytes = 0;
    const middle = this.#changes.findIndex((change, index) => {
      bytes += bytesOf(change);
      return index >= MAX_CHANGES / 2 || bytes >= MAX_BYTES / 2;
    });
    const last = this.#changes[middle];
    if (last !== undefined) this.compact(last.revision + 1);
  }
}

function bytesOf({ key, entry, previous }: StoredChange): number {
  return key.length + (entry?.value.byteLength ?? 0) + (previous?.value.byteLength ?? 0);
}
