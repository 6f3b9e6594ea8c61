/**
 * What the store keeps for a key, as the rest of the node sees it: a copy of what was there when it was asked for.
 * It owns its value, and nothing that happens to the key later changes it.
 */
export interface Entry {
  readonly key: string;
  readonly partition: number;
  /** `undefined` is a negative entry: it is known that there is no such row. */
  readonly value: Uint8Array | undefined;
  /** From 0 to 65,535; of a negative entry to 127: who says so. */
  readonly encoding: number;
  readonly version: number;
  /** Wall-clock instant of the last `put`, to 8 ms. */
  readonly writtenAtMs: number;
  /** When it ends, on the wall clock: at this instant it is already gone. Infinity: never. */
  readonly expiresAtMs: number;
  /** It is not evicted until it is unpinned: it is dirty, and does not expire either, or unpersisted. */
  readonly pinned: boolean;
  /** The database refuses it: it is pinned among a bounded number of its kind, and expires. */
  readonly unpersisted: boolean;
  /** What it counts for in the bounds of its store. */
  readonly costBytes: number;
}

/** An entry as whoever knows its key finds it. */
export type FoundEntry = Omit<Entry, "key">;

/** What there is to know of an entry beside its value. */
export interface EntryFacts extends Pick<Entry, "version" | "pinned" | "unpersisted"> {
  /** It is known that there is no such row. */
  readonly isAbsence: boolean;
}

/** What keeps an entry from being evicted; a dirty one does not expire either. */
export type Pin = "none" | "dirty" | "unpersisted";

/** What a caller states about an entry; the store adds the rest. */
export interface NewEntry
  extends Omit<Entry, "partition" | "writtenAtMs" | "costBytes" | "unpersisted"> {
  /** Default: now. */
  readonly writtenAtMs?: number;
}

/** The same, where its key is known already. */
export type NewContent = Omit<NewEntry, "key">;
