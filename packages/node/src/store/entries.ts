/**
 * The entries of one store: where the parts of each lie, and how one finds the other.
 *
 * An entry has an id; a record with its key and value in paged memory (records.ts, slots.ts); facts that change
 * when it is used (entry-table.ts); and a place in the index by its key (key-index.ts). Whoever adds, replaces
 * or removes an entry does it here, so that the four never disagree. Which entries there are, and for
 * how long, is the store's decision.
 */
import type { Placement } from "@holdfast/core";
import type { IndexedKeys } from "./bucket-runs.js";
import { EntryTable } from "./entry-table.js";
import { KeyIndex } from "./key-index.js";
import type { Pages } from "./pages.js";
import { headClass, recordBytes } from "./record-layout.js";
import { type RecordContent, Records } from "./records.js";
import { MAX_SLOT_BYTES, SLOTS_PER_PAGE } from "./size-classes.js";
import { Slots } from "./slots.js";
import type { SoughtKey } from "./sought-key.js";

export interface EntriesOptions {
  readonly pages: Pages;
  readonly placement: Placement;
  /** How many there may be in the end; more are possible. */
  readonly likelyEntries: number;
  /** Default: true. */
  readonly notesUses?: boolean;
}

export class Entries {
  readonly table: EntryTable;
  readonly records: Records;
  readonly #slots: Slots;
  readonly #index: KeyIndex;

  constructor({ pages, placement, likelyEntries, notesUses }: EntriesOptions) {
    this.table = new EntryTable(likelyEntries, notesUses);
    this.#slots = new Slots(pages);
    this.records = new Records(pages, this.#slots, placement.hashSeed);
    const keys = new RecordKeys(this.table, this.records);
    this.#index = new KeyIndex(pages, keys, placement.partitions);
  }

  /** Pages that its records and its index take. */
  get pageCount(): number {
    return this.#slots.pageCount + this.#index.pageCount;
  }

  /** Memory of everything else, in bytes. */
  get tableBytes(): number {
    return this.table.tableBytes + this.#index.tableBytes;
  }

  /** The id of the entry with this key; 0: there is none. */
  find(key: SoughtKey): number {
    return this.#index.find(key);
  }

  /** Whether this id is in use, of the entry with this key. */
  hasKey(id: number, key: SoughtKey): boolean {
    return this.table.isInUse(id) && this.records.hasKey(this.table.place(id), key);
  }

  /** Where the search for keys with this hash begins; `NOWHERE`: there are none. */
  homePlace(hash: number): number {
    return this.#index.homePlace(hash);
  }

  /** The id of an entry that may have this hash; 0: none is where the search begins. */
  candidate(hash: number): number {
    return this.#index.candidate(hash);
  }

  /** Adds an entry whose key is not here. Returns its id. */
  add(key: SoughtKey, content: RecordContent): number {
    const id = this.table.add();
    this.table.setPlace(id, this.records.write(id, key, content));
    this.#index.add(key.hash, id);
    return id;
  }

  /** Gives an entry another content, with an end that is not linked. `key` is its key. */
  replace(id: number, key: SoughtKey, content: RecordContent): void {
    const place = this.table.place(id);
    if (this.records.overwrite(place, content)) return;
    this.table.setPlace(id, this.records.write(id, key, content));
    this.records.free(place);
  }

  /** Changes when an entry ends. Its end is not linked. */
  setEnd(id: number, endMs: number): void {
    const { records, table } = this;
    const place = table.place(id);
    if (records.hasEnd(place)) records.setEnd(place, endMs);
    else if (endMs !== Number.POSITIVE_INFINITY) {
      table.setPlace(id, records.rewrite(id, place, endMs));
      records.free(place);
    }
  }

  /** @param hash - of its key. */
  remove(id: number, hash: number): void {
    this.#index.remove(hash, id);
    this.records.free(this.table.place(id));
    this.table.remove(id);
  }

  hashOf(id: number): number {
    return this.records.hashOfKey(this.table.place(id));
  }

  /** The partition of the keys with this hash. */
  partitionOf(hash: number): number {
    return this.#index.partitionOf(hash);
  }

  /** The ids of a partition as they are now, in no order. */
  idsOf(partition: number): Uint32Array {
    return this.#index.idsOf(partition);
  }

  /** The ids of all entries, in ascending order. They may change while they are being read. */
  *ids(): Iterable<number> {
    for (let id = 1; id <= this.table.highest; id++) {
      if (this.table.isInUse(id)) yield id;
    }
  }

  /** Pages that a record of this size would take beyond what is free in those there are. */
  pagesFor(leadLength: number, valueLength: number): number {
    const sizeClass = headClass(leadLength, valueLength);
    const bytes = recordBytes(leadLength, valueLength);
    if (bytes <= MAX_SLOT_BYTES) return this.#slots.freeSlots(sizeClass) > 0 ? 0 : 1;
    const wholeSlots = Math.floor(bytes / MAX_SLOT_BYTES) - this.#slots.freeSlots(sizeClass);
    // And one for the last part, which may be of another size.
    return 1 + Math.max(0, Math.ceil(wholeSlots / (SLOTS_PER_PAGE[sizeClass] as number)));
  }

  /** Gives a page back that the others have room for. Returns whether there was one. */
  compact(): boolean {
    return this.#slots.compact((from, to) => this.#move(from, to));
  }

  /** Moves what is in a page elsewhere, and gives it back. Returns whether it is one of these entries'. */
  vacate(page: number): boolean {
    if (!this.#slots.hasPage(page)) return this.#index.vacate(page);
    this.#slots.vacate(page, (from, to) => this.#move(from, to));
    return true;
  }

  #move(from: number, to: number): void {
    const { records, table } = this;
    const owner = records.move(from, to);
    if (owner !== undefined) {
      records.relink(table.place(owner), from, to);
      return;
    }
    const id = this.#index.findWhere(records.hashOfKey(to), (each) => table.place(each) === from);
    table.setPlace(id, to);
  }

  /** Gives all memory back; nothing is here any more. */
  close(): void {
    this.#slots.clear();
    this.#index.close();
  }
}

/** What the index asks about entries. */
class RecordKeys implements IndexedKeys {
  readonly #table: EntryTable;
  readonly #records: Records;

  constructor(table: EntryTable, records: Records) {
    this.#table = table;
    this.#records = records;
  }

  hashOf(id: number): number {
    return this.#records.hashOfKey(this.#table.place(id));
  }

  hasKey(id: number, key: SoughtKey): boolean {
    return this.#records.hasKey(this.#table.place(id), key);
  }
}
