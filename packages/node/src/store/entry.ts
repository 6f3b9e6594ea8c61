/**
 * What the store keeps for a key, as the rest of the node sees it.
 *
 * An entry is a live object: the store writes a replaced value, a new expiry or the end of a pin
 * into it, and nobody else writes to it. Whoever needs a field after an `await` copies it before.
 * Once the key has left the store, its entry no longer changes, and a later `put` of the key makes
 * another one. The links that the store threads through entries are in stored-entry.ts.
 */
export interface Entry {
  readonly key: string;
  readonly partition: number;
  /** `undefined` is a negative entry: it is known that there is no such row. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  readonly version: number;
  /** Wall-clock instant of the last `put`. */
  readonly writtenAtMs: number;
  /** When it ends, on the wall clock: at this instant it is already gone. Infinity: never. */
  readonly expiresAtMs: number;
  /** It is not evicted until it is unpinned: it is dirty, and does not expire either, or unpersisted. */
  readonly pinned: boolean;
  /** The database refuses it: it is pinned among a bounded number of its kind, and expires. */
  readonly unpersisted: boolean;
  /** What it counts for in the bounds of its store and of the node. */
  readonly costBytes: number;
}

/** What keeps an entry from being evicted; a dirty one does not expire either. */
export type Pin = "none" | "dirty" | "unpersisted";

/** What a caller states about an entry; the store adds the rest. */
export interface NewEntry extends Omit<Entry, "writtenAtMs" | "costBytes" | "unpersisted"> {
  /** Default: now. */
  readonly writtenAtMs?: number;
}
