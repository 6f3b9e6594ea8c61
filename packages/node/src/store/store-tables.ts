/**
 * All that a store keeps of its entries. It is thrown away as a whole when the store is emptied, and made anew; so
 * emptying takes as long for ten million entries as for none.
 */
import type { Clock, Placement } from "@holdfast/core";
import {
  EVICTION_POLICIES,
  type EvictionPolicy,
  type EvictionPolicyName,
} from "../eviction/index.js";
import { Ends } from "./ends.js";
import { Entries } from "./entries.js";
import { EntryView } from "./entry-view.js";
import { Observed } from "./observed.js";
import type { Occupancy } from "./occupancy.js";
import type { Pages } from "./pages.js";
import { Prefetch } from "./prefetch.js";
import type { EndRules, StoreObserver } from "./store-options.js";

export interface StoreTablesParts {
  readonly pages: Pages;
  readonly placement: Placement;
  readonly policy: EvictionPolicyName;
  readonly occupancy: Occupancy;
  readonly clock: Clock;
  readonly observer?: StoreObserver;
}

/** What an entry takes that is smaller than most: memory for the ids of more is made when they come. */
const SMALL_ENTRY_BYTES = 96;

/** The first entries say little about the size of the others. */
const FIRST_TOLD_AT = 512;

export class StoreTables {
  readonly entries: Entries;
  readonly ends: Ends;
  readonly view: EntryView;
  readonly policy: EvictionPolicy;
  readonly prefetch: Prefetch;
  readonly observed: Observed;
  readonly #occupancy: Occupancy;
  /** Ids up to this one have room everywhere. */
  #reservedIds = 0;
  /** How many entries there were when the policy was told how many fit. */
  #toldAtSize = 0;

  constructor(
    parts: StoreTablesParts,
    { maxIdleMs = Number.POSITIVE_INFINITY, graceMs = 0 }: EndRules,
  ) {
    const { pages, placement, policy, occupancy, clock, observer } = parts;
    const { maxBytes, maxEntries } = occupancy.bounds;
    const likelyEntries = Math.min(maxEntries, Math.ceil(maxBytes / SMALL_ENTRY_BYTES));
    this.#occupancy = occupancy;
    this.policy = EVICTION_POLICIES[policy]({
      hashOf: (id) => this.entries.hashOf(id),
      bytesOf: (id) => this.view.costOf(id),
    });
    const notesUses = this.policy.coldness === undefined;
    const entries = new Entries({ pages, placement, likelyEntries, notesUses });
    const coldnessOf = (id: number) => this.policy.coldness?.(id) ?? entries.table.coldness(id);
    this.entries = entries;
    this.prefetch = new Prefetch(entries, pages, this.policy, placement.hashSeed);
    this.ends = new Ends(entries, clock);
    this.view = new EntryView({ entries, ends: this.ends, occupancy, clock, coldnessOf });
    this.observed = new Observed(entries, this.view, observer);
    this.#reserve();
    this.#tellCapacity();
    this.ends.setMaxIdle(maxIdleMs);
    this.ends.setGrace(graceMs);
  }

  /** Memory that they take beside pages. */
  get bytes(): number {
    return this.entries.tableBytes + this.policy.tableBytes + this.ends.tableBytes;
  }

  /** An entry was added to `entries`: everything else gets ready for it. */
  added(id: number): void {
    if (id > this.#reservedIds) this.#reserve();
    if (this.#occupancy.counts.entries >= 2 * this.#toldAtSize) this.#tellCapacity();
  }

  #reserve(): void {
    this.#reservedIds = this.entries.table.capacity;
    this.policy.reserve(this.#reservedIds);
    this.ends.reserve(this.#reservedIds);
  }

  /** How many entries there is room for, as far as those that are here tell. */
  #tellCapacity(): void {
    const { counts, bounds } = this.#occupancy;
    const { entries, bytes } = counts;
    const meanBytes = entries === 0 ? SMALL_ENTRY_BYTES : bytes / entries;
    const fitting = Math.min(bounds.maxEntries, bounds.maxBytes / meanBytes);
    this.#toldAtSize = Math.max(entries, FIRST_TOLD_AT);
    this.policy.setCapacity(Math.max(1, Math.floor(fitting)));
  }
}
