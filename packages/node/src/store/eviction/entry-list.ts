/**
 * A list threaded through entries, oldest first: the building block of the policies.
 *
 * Each entry is in at most one such list, which knows only its two ends. Every operation changes a
 * fixed number of links. A Set or Map in insertion order would be shorter, but V8 leaves a hole for
 * every deleted key, and finding the first key walks over the holes.
 */

/** The links that an evictable entry carries; only policies write them. */
export interface EvictionLinks<E extends EvictionLinks<E>> {
  older: E | undefined;
  newer: E | undefined;
  /** Which group of entries it is in, for policies that keep several. */
  group: EntryGroup<E> | undefined;
}

/** Entries of equal standing, in a chain of such groups. */
export interface EntryGroup<E extends EvictionLinks<E>> {
  readonly rank: number;
  readonly entries: EntryList<E>;
  lower: EntryGroup<E> | undefined;
  higher: EntryGroup<E> | undefined;
}

export class EntryList<E extends EvictionLinks<E>> {
  #oldest: E | undefined;
  #newest: E | undefined;

  get oldest(): E | undefined {
    return this.#oldest;
  }

  get isEmpty(): boolean {
    return this.#oldest === undefined;
  }

  /** Adds an entry that is in no list, as the newest. */
  append(entry: E): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  /** Takes out an entry of this list. */
  unlink(entry: E): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    // A removed entry that somebody still holds must not keep its former neighbours in memory.
    entry.older = undefined;
    entry.newer = undefined;
  }

  /** The oldest entry that is not `spared`. */
  oldestExcept(spared: E | undefined): E | undefined {
    return this.#oldest !== undefined && this.#oldest === spared ? spared.newer : this.#oldest;
  }
}
