/**
 * What a store does, said as plainly as possible: plain Maps, every question answered by a search
 * through everything. The property test of the store compares the two after every step.
 */

import { costOf } from "../store/cost.js";
import type { NewEntry } from "../store/entry.js";
import type { EvictionPolicyName } from "../store/eviction/index.js";
import { TICK_MS } from "../store/expiry.js";
import type { OccupancyBounds, StoreCounts } from "../store/occupancy.js";

export interface NaiveEntry extends NewEntry {
  readonly unpersisted: boolean;
  readonly writtenAtMs: number;
  readonly costBytes: number;
}

/** What the naive store keeps beside the entry itself, to order victims and to find the expired. */
interface Kept {
  entry: NaiveEntry;
  /** Differs when the key left the store and came back. */
  readonly stay: number;
  arrival: number;
  lastUse: number;
  uses: number;
  /** When it became unpersisted. */
  refusedAt: number;
  /** Reclaiming surely finds it when the tick in which it expires, or was scheduled, is over. */
  tick: number;
}

export interface NaiveBounds {
  readonly policy: EvictionPolicyName;
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export type Refusal = "VALUE_TOO_LARGE" | "OVERLOADED";

/** The stores of a node: they share the time and the capacity. */
export class NaiveNode {
  readonly capacityBytes: number;
  readonly stores: readonly NaiveStore[];
  nowMs: number;
  /** Numbers uses and arrivals. */
  moment = 0;

  constructor(capacityBytes: number, nowMs: number, bounds: readonly NaiveBounds[]) {
    this.capacityBytes = capacityBytes;
    this.nowMs = nowMs;
    this.stores = bounds.map((each) => new NaiveStore(this, each));
  }

  get usedBytes(): number {
    return this.stores.reduce((sum, store) => sum + store.counts.bytes, 0);
  }

  get pinnedBytes(): number {
    return this.stores.reduce((sum, store) => sum + store.counts.pinnedBytes, 0);
  }

  /** Of the stores that can evict, the one that uses most once `growing` has grown. */
  largest(growing: NaiveStore, growthBytes: number, spared: string): NaiveStore | undefined {
    const uses = (store: NaiveStore) => store.counts.bytes + (store === growing ? growthBytes : 0);
    return this.stores
      .filter((store) => store.victim(store === growing ? spared : undefined) !== undefined)
      .sort((a, b) => uses(b) - uses(a))[0];
  }
}

export class NaiveStore {
  readonly #node: NaiveNode;
  readonly #bounds: NaiveBounds;
  readonly #records = new Map<string, Kept>();
  #reclaimedTick: number;
  #evictions = 0;
  #expirations = 0;

  constructor(node: NaiveNode, bounds: NaiveBounds) {
    this.#node = node;
    this.#bounds = bounds;
    this.#reclaimedTick = tickOf(node.nowMs);
  }

  get counts(): StoreCounts {
    const entries = [...this.#records.values()].map(({ entry }) => entry);
    const pinned = entries.filter((entry) => entry.pinned);
    const unpersisted = entries.filter((entry) => entry.unpersisted);
    return {
      entries: entries.length,
      bytes: totalCost(entries),
      pinnedEntries: pinned.length,
      pinnedBytes: totalCost(pinned),
      unpersistedEntries: unpersisted.length,
      unpersistedBytes: totalCost(unpersisted),
      evictions: this.#evictions,
      expirations: this.#expirations,
    };
  }

  get(key: string, partition: number, isUse: boolean): NaiveEntry | undefined {
    const record = this.#findLive(key, partition);
    if (record !== undefined && isUse) this.#use(record);
    return record?.entry;
  }

  /** Which stay of the key this is; `undefined` while it is not in the store. */
  stayOf(id: string): number | undefined {
    return this.#records.get(id)?.stay;
  }

  put(input: NewEntry): NaiveEntry | Refusal {
    const old = this.#findLive(input.key, input.partition);
    const id = idOf(input);
    const costBytes = costOf(input.key, input.value);
    const { capacityBytes } = this.#node;
    const { maxBytes, maxEntries } = this.#bounds;
    if (costBytes > Math.min(maxBytes, capacityBytes)) return "VALUE_TOO_LARGE";
    const isOldPinned = old?.entry.pinned === true;
    const keptBytes = isOldPinned ? old.entry.costBytes : 0;
    const { pinnedEntries, pinnedBytes } = this.counts;
    if (pinnedEntries + (isOldPinned ? 0 : 1) > maxEntries) return "OVERLOADED";
    if (pinnedBytes - keptBytes + costBytes > maxBytes) return "OVERLOADED";
    if (this.#node.pinnedBytes - keptBytes + costBytes > capacityBytes) return "OVERLOADED";

    const growthBytes = costBytes - (old?.entry.costBytes ?? 0);
    const growthEntries = old === undefined ? 1 : 0;
    while (
      this.counts.entries + growthEntries > maxEntries ||
      this.counts.bytes + growthBytes > maxBytes
    ) {
      this.evict(id);
    }
    while (this.#node.usedBytes + growthBytes > capacityBytes) {
      const largest = this.#node.largest(this, growthBytes, id);
      largest?.evict(largest === this ? id : undefined);
    }
    const entry = { ...input, writtenAtMs: this.#node.nowMs, costBytes, unpersisted: false };
    const record = old ?? this.#arrive(entry);
    record.entry = entry;
    if (isOldPinned && !entry.pinned) this.#arriveAgain(record);
    else this.#use(record);
    this.#schedule(record);
    this.#records.set(id, record);
    return entry;
  }

  unpin(id: string): void {
    const record = this.#records.get(id);
    if (record?.entry.pinned !== true) return;
    record.entry = { ...record.entry, pinned: false, unpersisted: false };
    this.#arriveAgain(record);
    if (this.#hasExpired(record)) this.#expire(record);
    else this.#schedule(record);
  }

  keepUnpersisted(id: string, { maxEntries, maxBytes }: OccupancyBounds): void {
    const record = this.#records.get(id);
    if (record?.entry.pinned !== true || record.entry.unpersisted) return;
    record.entry = { ...record.entry, unpersisted: true };
    record.refusedAt = ++this.#node.moment;
    if (this.#hasExpired(record)) {
      this.#expire(record);
      return;
    }
    this.#schedule(record);
    const isTooMuch = () =>
      this.counts.unpersistedEntries > maxEntries || this.counts.unpersistedBytes > maxBytes;
    while (isTooMuch()) {
      const [oldest] = [...this.#records.values()]
        .filter(({ entry }) => entry.unpersisted)
        .sort((a, b) => a.refusedAt - b.refusedAt);
      if (oldest !== undefined) this.#records.delete(idOf(oldest.entry));
    }
  }

  setExpiry(id: string, expiresAtMs: number): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    if (this.#hasExpired(record)) {
      this.#expire(record);
      return;
    }
    record.entry = { ...record.entry, expiresAtMs };
    this.#schedule(record);
  }

  remove(key: string, partition: number): NaiveEntry | undefined {
    const record = this.#findLive(key, partition);
    if (record !== undefined) this.#records.delete(idOf(record.entry));
    return record?.entry;
  }

  live(partition: number): NaiveEntry[] {
    return [...this.#records.values()]
      .filter((record) => !this.#hasExpired(record) && record.entry.partition === partition)
      .map(({ entry }) => entry);
  }

  /** Removes the entries of which this holds. Returns how many. */
  removeWhere(holds: (entry: NaiveEntry) => boolean): number {
    const removed = [...this.#records.values()].filter(({ entry }) => holds(entry));
    for (const { entry } of removed) this.#records.delete(idOf(entry));
    return removed.length;
  }

  /** Expired entries that reclaiming may leave for the time being: their tick is not over. */
  undecided(): NaiveEntry[] {
    const tick = tickOf(this.#node.nowMs);
    return [...this.#records.values()]
      .filter((record) => this.#hasExpired(record) && record.tick >= tick)
      .map(({ entry }) => entry);
  }

  reclaim(): void {
    this.#reclaimedTick = tickOf(this.#node.nowMs);
    for (const record of [...this.#records.values()]) {
      if (this.#hasExpired(record)) this.#expire(record);
    }
  }

  victim(spared?: string): NaiveEntry | undefined {
    const order = {
      lru: (a: Kept, b: Kept) => a.lastUse - b.lastUse,
      lfu: (a: Kept, b: Kept) => a.uses - b.uses || a.lastUse - b.lastUse,
      fifo: (a: Kept, b: Kept) => a.arrival - b.arrival,
    };
    return [...this.#records.values()]
      .filter(({ entry }) => !entry.pinned && idOf(entry) !== spared)
      .sort(order[this.#bounds.policy])[0]?.entry;
  }

  evict(spared: string | undefined): void {
    const victim = this.victim(spared);
    const record = victim === undefined ? undefined : this.#records.get(idOf(victim));
    if (record === undefined) throw new Error("the naive store has nothing to evict");
    if (this.#hasExpired(record)) {
      this.#expire(record);
      return;
    }
    this.#evictions += 1;
    this.#records.delete(idOf(record.entry));
  }

  #findLive(key: string, partition: number): Kept | undefined {
    const record = this.#records.get(idOf({ key, partition }));
    if (record === undefined || !this.#hasExpired(record)) return record;
    this.#expire(record);
    return undefined;
  }

  #hasExpired({ entry }: Kept): boolean {
    const isDirty = entry.pinned && !entry.unpersisted;
    return !isDirty && entry.expiresAtMs <= this.#node.nowMs;
  }

  #expire({ entry }: Kept): void {
    this.#expirations += 1;
    this.#records.delete(idOf(entry));
  }

  #arrive(entry: NaiveEntry): Kept {
    const stay = ++this.#node.moment;
    return { entry, stay, arrival: stay, lastUse: 0, uses: 0, refusedAt: 0, tick: 0 };
  }

  /** The policy did not know the entry while it was pinned. */
  #arriveAgain(record: Kept): void {
    record.arrival = ++this.#node.moment;
    record.lastUse = record.arrival;
    record.uses = 1;
  }

  #use(record: Kept): void {
    record.lastUse = ++this.#node.moment;
    record.uses += 1;
  }

  #schedule(record: Kept): void {
    record.tick = Math.max(tickOf(record.entry.expiresAtMs), this.#reclaimedTick);
  }
}

export function idOf({ key, partition }: { key: string; partition: number }): string {
  return `${partition}/${key}`;
}

function tickOf(ms: number): number {
  return Math.floor(ms / TICK_MS);
}

function totalCost(entries: readonly NaiveEntry[]): number {
  return entries.reduce((sum, { costBytes }) => sum + costBytes, 0);
}
