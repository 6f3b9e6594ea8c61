/**
 * An entry from the inside: what Entry shows, plus the links by which the eviction policy and the
 * expiry wheel find it. One object with links of its own costs less than a table in each of them,
 * and unlinking needs no look-up. Only store.ts makes these and writes their fields; the links are
 * written by the policy and the wheel alone.
 */
import type { Entry, Pin } from "./entry.js";
import type { EntryGroup, EvictionLinks } from "./eviction/entry-list.js";
import type { ExpiryLinks, ExpirySlot } from "./expiry.js";

export class StoredEntry implements Entry, EvictionLinks<StoredEntry>, ExpiryLinks<StoredEntry> {
  readonly key: string;
  readonly partition: number;
  value: Uint8Array | undefined = undefined;
  encoding = 0;
  version = 0;
  writtenAtMs = 0;
  expiresAtMs: number = Number.POSITIVE_INFINITY;
  pin: Pin = "none";
  costBytes = 0;
  /** The store counts its uses; this is the number of the last one of this entry. */
  lastUse = 0;

  older: StoredEntry | undefined = undefined;
  newer: StoredEntry | undefined = undefined;
  group: EntryGroup<StoredEntry> | undefined = undefined;

  slot: ExpirySlot<StoredEntry> | undefined = undefined;
  slotPrevious: StoredEntry | undefined = undefined;
  slotNext: StoredEntry | undefined = undefined;

  constructor(key: string, partition: number) {
    this.key = key;
    this.partition = partition;
  }

  get pinned(): boolean {
    return this.pin !== "none";
  }

  get unpersisted(): boolean {
    return this.pin === "unpersisted";
  }

  /** Whether the entry counts as missing at this instant. A dirty one never does. */
  hasExpired(nowMs: number): boolean {
    return this.pin !== "dirty" && this.expiresAtMs <= nowMs;
  }
}
