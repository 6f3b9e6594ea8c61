/** What there is to see of an entry, put together from where it lies: for the store, and for those who ask it. */
import { type Clock, viewOf } from "@holdfast/core";
import { NO_ENTRY } from "../eviction/index.js";
import { costOfLengths } from "./cost.js";
import type { Ends } from "./ends.js";
import type { Entries } from "./entries.js";
import type { Entry, EntryFacts, FoundEntry, Pin } from "./entry.js";
import { instantMs } from "./instants.js";
import type { Counted, Occupancy } from "./occupancy.js";
import type { RecordInPlace } from "./records.js";

export interface EntryViewParts {
  readonly entries: Entries;
  readonly ends: Ends;
  readonly occupancy: Occupancy;
  readonly clock: Clock;
  /** From 0 to 255. */
  readonly coldnessOf: (id: number) => number;
}

/** An entry that is not copied: it is as it was when it was found. */
export class EntryInPlace implements RecordInPlace {
  id: number = NO_ENTRY;
  /** Of its key, as a signed integer. */
  hash = 0;
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = viewOf(this.bytes);
  start = 0;
  end = 0;
  version = 0;
  encoding = 0;
  writtenStep = 0;
  /** Infinity: never. */
  expiresAtMs = 0;
  pinned = false;
  leadLength = 0;
  storedLength = 0;

  get costBytes(): number {
    return costOfLengths(this.leadLength, this.storedLength);
  }

  /** When it was written, to 8 ms. */
  writtenAtMs(nowMs: number): number {
    return instantMs(this.writtenStep, nowMs);
  }
}

export class EntryView {
  readonly #entries: Entries;
  readonly #ends: Ends;
  readonly #occupancy: Occupancy;
  readonly #clock: Clock;
  readonly #coldnessOf: (id: number) => number;

  constructor({ entries, ends, occupancy, clock, coldnessOf }: EntryViewParts) {
    this.#entries = entries;
    this.#ends = ends;
    this.#occupancy = occupancy;
    this.#clock = clock;
    this.#coldnessOf = coldnessOf;
  }

  isPinned(id: number): boolean {
    return this.#entries.records.isPinned(this.#entries.table.place(id));
  }

  isDirty(id: number): boolean {
    return this.isPinned(id) && !this.#occupancy.isUnpersisted(id);
  }

  /** Whether it is missed from now on. */
  hasExpired(id: number): boolean {
    return this.#ends.hasPassed(id) && !this.isDirty(id);
  }

  /** As `hasExpired`, and nothing is to be kept of it: it is not in its grace either. */
  isOver(id: number): boolean {
    return this.hasExpired(id) && this.#ends.isOver(id);
  }

  pin(id: number): Pin {
    if (!this.isPinned(id)) return "none";
    return this.#occupancy.isUnpersisted(id) ? "unpersisted" : "dirty";
  }

  costOf(id: number): number {
    const { table, records } = this.#entries;
    const place = table.place(id);
    return costOfLengths(records.leadLength(place), records.storedLength(place));
  }

  counted(id: number): Counted {
    return { costBytes: this.costOf(id), pin: this.pin(id) };
  }

  facts(id: number): EntryFacts {
    const { table, records } = this.#entries;
    const place = table.place(id);
    return {
      version: records.version(place),
      isAbsence: records.isAbsence(place),
      pinned: records.isPinned(place),
      unpersisted: this.#occupancy.isUnpersisted(id),
    };
  }

  key(id: number): string {
    return this.#entries.records.keyText(this.#entries.table.place(id));
  }

  /** @param hash - of its key. */
  entry(id: number, hash: number = this.#entries.hashOf(id)): Entry {
    return { key: this.key(id), ...this.found(id, hash) };
  }

  /** @param hash - of its key. */
  found(id: number, hash: number): FoundEntry {
    const { table, records } = this.#entries;
    const place = table.place(id);
    return {
      partition: this.#entries.partitionOf(hash),
      value: records.value(place),
      encoding: records.encoding(place),
      version: records.version(place),
      writtenAtMs: table.writtenAtMs(id, this.#clock.now()),
      expiresAtMs: records.endMs(place),
      pinned: records.isPinned(place),
      unpersisted: this.#occupancy.isUnpersisted(id),
      costBytes: this.costOf(id),
    };
  }

  /** Tells all about an entry but its key; `undefined`: it is a negative one. @param hash - of its key. */
  inPlace(id: number, hash: number, found: EntryInPlace): EntryInPlace | undefined {
    const { table, records } = this.#entries;
    if (!records.tellInPlace(table.place(id), found)) return undefined;
    found.id = id;
    found.hash = hash | 0;
    found.writtenStep = table.writtenStep(id);
    return found;
  }

  /** As `Store.entriesOf`. */
  *entriesOf(partition: number): Iterable<Entry> {
    for (const id of this.#entries.idsOf(partition)) {
      if (this.#isKeptIn(id, partition) && !this.hasExpired(id)) yield this.entry(id);
    }
  }

  /** As `Store.hottestOf`. */
  *hottestOf(partition: number): Iterable<Entry> {
    const ids = this.#entries.idsOf(partition);
    const coldness = this.#coldnessOf;
    for (const id of ids.sort((a, b) => coldness(a) - coldness(b))) {
      if (this.#isKeptIn(id, partition) && !this.isPinned(id)) yield this.entry(id);
    }
  }

  /** As `Store.pinnedEntries`. */
  *pinnedEntries(): Iterable<Entry> {
    yield* this.dirtyEntries();
    for (const id of this.#occupancy.unpersisted) yield this.entry(id);
  }

  *dirtyEntries(): Iterable<Entry> {
    if (this.#occupancy.counts.pinnedEntries === 0) return;
    for (const id of this.#entries.ids()) {
      if (this.isDirty(id)) yield this.entry(id);
    }
  }

  /** Live, or in grace. */
  #isKeptIn(id: number, partition: number): boolean {
    if (!this.#entries.table.isInUse(id) || this.isOver(id)) return false;
    // The id may have gone to another key meanwhile.
    return this.#entries.partitionOf(this.#entries.hashOf(id)) === partition;
  }
}
