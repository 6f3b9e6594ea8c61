/**
 * Decides which entry a store gives up when it is full.
 *
 * A policy sees neither keys nor values nor time. It knows entries by their ids, small integers that the
 * store hands out densely and uses again, and keeps what it notes of them in typed arrays indexed by
 * id: no object and no allocation for an entry or an operation. The store calls it synchronously on its
 * hot paths: every method but `reserve` takes constant time, amortised, and none looks through entries.
 *
 * The store keeps pinned entries away from its policy: an entry is inserted when it becomes evictable
 * and removed when it no longer is.
 */

/** Stands for "no entry"; no entry has this id. Links in fresh arrays are therefore ends of lists. */
export const NO_ENTRY = 0;

/** What a policy may ask about an entry that it tracks. Either may cost a look at the entry's memory. */
export interface PolicyEntries {
  /** 32 bits, unsigned; the same whenever the key is the same, and well spread. */
  hashOf(id: number): number;
  /** Bytes that the entry takes. */
  bytesOf(id: number): number;
}

export interface EvictionPolicy {
  /** How many entries it tracks. */
  readonly size: number;

  /**
   * How cold a tracked entry is, from 0 to 255, as far as the policy's own notes tell. A policy without this has the
   * store note uses, for one byte more of each entry.
   */
  coldness?(id: number): number;

  /** Memory of its tables, in bytes, as far as it has been written to. */
  readonly tableBytes: number;

  /** From now on ids may be as large as this. What is tracked stays tracked. */
  reserve(maxId: number): void;

  /**
   * Told at first and now and then: about how many entries fit. It sizes what a policy remembers of
   * keys that are gone; what is tracked stays tracked.
   */
  setCapacity(entries: number): void;

  /** The entry became evictable. It is not tracked yet. */
  insert(id: number, hash: number): void;

  /** The entry was read, or its value replaced. It is tracked. */
  hit(id: number, hash: number): void;

  /** Reads what a hit will need, if there is such an entry. Returns what it read; it means nothing. */
  touch(id: number, hash: number): number;

  /** The entry left the store for another reason than eviction, or was pinned. It is tracked until now. */
  remove(id: number): void;

  /**
   * Chooses the entry to give up next, and tracks it no longer; `NO_ENTRY` when there is none. `spared`
   * is passed over: the store does not evict an entry to make room for its own new value. It is
   * `NO_ENTRY` or an entry that is tracked.
   */
  evict(spared: number): number;
}
