/**
 * Decides which entry a store gives up when it is full.
 *
 * A policy sees neither keys, values, sizes nor time. It keeps its order in links on the entries
 * themselves (entry-list.ts), so it needs no table of its own and no allocation for each operation.
 * The store calls it synchronously on its hot paths: every method takes constant time, and none
 * looks through entries.
 *
 * The store keeps pinned entries away from its policy: an entry is inserted when it becomes
 * evictable and removed when it no longer is.
 *
 * To add a policy: one file here, one line in index.ts. The contract suite then covers it.
 */
export interface EvictionPolicy<E> {
  /** The entry became evictable. It is not tracked yet. */
  onInsert(entry: E): void;

  /** The entry was read, or its value replaced. It is tracked. */
  onHit(entry: E): void;

  /** The entry left the store, as a victim or otherwise, or was pinned. It is tracked until now. */
  onRemove(entry: E): void;

  /**
   * The entry to give up next, which stays tracked; `undefined` when there is none. `spared` is
   * passed over: the store does not evict an entry to make room for its own new value.
   */
  victim(spared?: E): E | undefined;
}
