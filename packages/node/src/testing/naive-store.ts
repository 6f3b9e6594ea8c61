/**
 * What a store does, said as plainly as possible: a Map, and every question answered by a search
 * through it. The property test of the store compares the two after every step.
 *
 * Which entries go when there is no room depends on how they lie in memory, so that is not foretold:
 * `evicted` is told what has gone, and checks that it was allowed to go.
 */
import { costOfLengths } from "../store/cost.js";
import type { NewEntry } from "../store/entry.js";
import type { OccupancyBounds, StoreCounts } from "../store/occupancy.js";
import { leadLength, storedLength } from "../store/record-layout.js";

export interface NaiveEntry extends NewEntry {
  readonly unpersisted: boolean;
  readonly writtenAtMs: number;
  readonly costBytes: number;
}

/** What the naive store keeps beside the entry itself. */
interface Kept {
  entry: NaiveEntry;
  hasEnd: boolean;
  arrival: number;
  lastUse: number;
  /** When it was last used, on the wall clock. */
  usedAtMs: number;
  /** When it became unpersisted. */
  refusedAt: number;
}

/** The order in which entries go where it is exact: those first that compare as less. */
const ORDERS: Readonly<Record<string, (a: Kept, b: Kept) => number>> = {
  lru: (a, b) => a.lastUse - b.lastUse,
  fifo: (a, b) => a.arrival - b.arrival,
};

export class NaiveStore {
  readonly #bounds: OccupancyBounds;
  readonly #order: ((a: Kept, b: Kept) => number) | undefined;
  readonly #records = new Map<string, Kept>();
  /** Numbers uses and arrivals. */
  #moment = 0;
  nowMs: number;
  #maxIdleMs = Number.POSITIVE_INFINITY;
  #graceMs = 0;

  constructor(policy: string, bounds: OccupancyBounds, nowMs: number) {
    this.#order = ORDERS[policy];
    this.#bounds = bounds;
    this.nowMs = nowMs;
  }

  /** Of the entries that are live or in grace. */
  get counts(): Omit<StoreCounts, `${string}victions` | "expirations"> {
    const entries = [...this.live(), ...this.graced()];
    const pinned = entries.filter((entry) => entry.pinned);
    const unpersisted = entries.filter((entry) => entry.unpersisted);
    return {
      entries: entries.length,
      bytes: totalCost(entries),
      pinnedEntries: pinned.length,
      pinnedBytes: totalCost(pinned),
      unpersistedEntries: unpersisted.length,
      unpersistedBytes: totalCost(unpersisted),
    };
  }

  live(): NaiveEntry[] {
    return [...this.#records.values()].filter((kept) => this.#isLive(kept)).map((k) => k.entry);
  }

  /** Those that have ended and are in their grace. */
  graced(): NaiveEntry[] {
    return [...this.#records.values()].filter((kept) => this.#isGraced(kept)).map((k) => k.entry);
  }

  findInGrace(key: string, isUse = false): NaiveEntry | undefined {
    const kept = this.#records.get(key);
    if (kept === undefined || !this.#isGraced(kept)) return undefined;
    if (isUse) this.#use(kept);
    return kept.entry;
  }

  /** It had to go, like those that are live. */
  forget(key: string): void {
    this.#records.delete(key);
  }

  get(key: string, isUse: boolean): NaiveEntry | undefined {
    const kept = this.#find(key);
    if (kept !== undefined && isUse) this.#use(kept);
    return kept?.entry;
  }

  /** Whether a put of this must be refused: too large for the store, or too much is pinned in it. */
  refuses(input: NewEntry): boolean {
    const { key } = input;
    const costBytes = costOfNew(input);
    const { maxBytes, maxEntries } = this.#bounds;
    const old = this.#find(key)?.entry;
    const freed = old?.pinned ? old : undefined;
    const { pinnedEntries, pinnedBytes } = this.counts;
    return (
      costBytes > maxBytes ||
      pinnedEntries - (freed ? 1 : 0) + 1 > maxEntries ||
      pinnedBytes - (freed?.costBytes ?? 0) + costBytes > maxBytes
    );
  }

  put(input: NewEntry): void {
    const { key, value, encoding } = input;
    const before = this.#records.get(key);
    const old = before !== undefined && this.#isKept(before) ? before : undefined;
    const entry = {
      ...input,
      encoding: value === undefined ? encoding & 127 : encoding,
      writtenAtMs: this.nowMs,
      costBytes: costOfNew(input),
      unpersisted: false,
    };
    const moment = ++this.#moment;
    // The policy did not know it while it was pinned.
    const isNew = old === undefined || (old.entry.pinned && !input.pinned);
    const arrival = isNew ? moment : old.arrival;
    const usedAtMs = this.nowMs;
    const hasEnd = input.expiresAtMs !== Number.POSITIVE_INFINITY;
    this.#records.set(key, { entry, hasEnd, arrival, lastUse: moment, usedAtMs, refusedAt: 0 });
  }

  unpin(key: string): void {
    const kept = this.#find(key);
    if (kept?.entry.pinned !== true) return;
    kept.entry = { ...kept.entry, pinned: false, unpersisted: false };
    kept.arrival = ++this.#moment;
    kept.lastUse = kept.arrival;
  }

  keepUnpersisted(key: string, { maxEntries, maxBytes }: OccupancyBounds): void {
    const kept = this.#find(key);
    if (kept?.entry.pinned !== true || kept.entry.unpersisted) return;
    kept.entry = { ...kept.entry, unpersisted: true };
    kept.refusedAt = ++this.#moment;
    for (;;) {
      const { unpersistedEntries, unpersistedBytes } = this.counts;
      if (unpersistedEntries <= maxEntries && unpersistedBytes <= maxBytes) return;
      const [oldest] = [...this.#records.values()]
        .filter((each) => each.entry.unpersisted && this.#isLive(each))
        .sort((a, b) => a.refusedAt - b.refusedAt);
      if (oldest !== undefined) this.#records.delete(oldest.entry.key);
    }
  }

  setExpiry(key: string, expiresAtMs: number): void {
    const kept = this.#find(key);
    if (kept === undefined) return;
    const { entry } = kept;
    // An end that has been made room for keeps it.
    const costBytes = kept.hasEnd ? entry.costBytes : costOfNew({ ...entry, expiresAtMs });
    kept.entry = { ...entry, expiresAtMs, costBytes };
    kept.hasEnd ||= expiresAtMs !== Number.POSITIVE_INFINITY;
  }

  setMaxIdle(maxIdleMs: number): void {
    this.#dropOver();
    const isNew = this.#maxIdleMs === Number.POSITIVE_INFINITY;
    if (isNew) for (const kept of this.#records.values()) kept.usedAtMs = this.nowMs;
    this.#maxIdleMs = maxIdleMs;
  }

  setGrace(graceMs: number): void {
    this.#dropOver();
    this.#graceMs = graceMs;
  }

  remove(key: string): boolean {
    const kept = this.#find(key);
    this.#records.delete(key);
    return kept !== undefined;
  }

  /** Removes the entries of which this holds. */
  removeWhere(holds: (entry: NaiveEntry) => boolean): void {
    for (const [key, { entry }] of this.#records) if (holds(entry)) this.#records.delete(key);
  }

  /** Removes all that is not dirty; what is, is put again. */
  clear(): void {
    for (const [key, kept] of this.#records) {
      if (!kept.entry.pinned || kept.entry.unpersisted) this.#records.delete(key);
      else {
        kept.usedAtMs = this.nowMs;
        kept.hasEnd = kept.entry.expiresAtMs !== Number.POSITIVE_INFINITY;
        kept.entry = { ...kept.entry, costBytes: costOfNew(kept.entry) };
      }
    }
  }

  /**
   * These live entries have made room. Returns what is wrong with that, if anything is: one was pinned, or
   * stayed longer than the policy has it.
   */
  evicted(keys: readonly string[], putKey: unknown): string | undefined {
    const gone = new Set(keys);
    const evictable = [...this.#records.values()]
      .filter((kept) => this.#isLive(kept) && !kept.entry.pinned && kept.entry.key !== putKey)
      .sort(this.#order);
    const candidates = new Set(evictable.map(({ entry }) => entry.key));
    const wrong = keys.find((key) => !candidates.has(key));
    if (wrong !== undefined) return `${wrong} must not be evicted`;
    if (this.#order !== undefined) {
      const due = evictable.slice(0, keys.length).map(({ entry }) => entry.key);
      if (due.some((key) => !gone.has(key))) return `${keys} went instead of ${due}`;
    }
    for (const key of keys) this.#records.delete(key);
    return undefined;
  }

  #find(key: string): Kept | undefined {
    const kept = this.#records.get(key);
    return kept !== undefined && this.#isLive(kept) ? kept : undefined;
  }

  #use(kept: Kept): void {
    kept.lastUse = ++this.#moment;
    kept.usedAtMs = this.nowMs;
  }

  /** What has been dropped does not come back. */
  #dropOver(): void {
    for (const [key, kept] of this.#records) if (!this.#isKept(kept)) this.#records.delete(key);
  }

  #isKept(kept: Kept): boolean {
    return this.#isLive(kept) || this.#isGraced(kept);
  }

  #isGraced(kept: Kept): boolean {
    const { entry, usedAtMs } = kept;
    if (this.#isLive(kept) || entry.pinned || entry.value === undefined) return false;
    const untilMs = Math.min(entry.expiresAtMs + this.#graceMs, this.#idleUntilMs(usedAtMs));
    return untilMs > this.nowMs;
  }

  #isLive({ entry, usedAtMs }: Kept): boolean {
    const isDirty = entry.pinned && !entry.unpersisted;
    return isDirty || Math.min(entry.expiresAtMs, this.#idleUntilMs(usedAtMs)) > this.nowMs;
  }

  /** Counted from the end of the 8 ms in which it was used. */
  #idleUntilMs(usedAtMs: number): number {
    return (Math.floor(usedAtMs / 8) + 1) * 8 + this.#maxIdleMs;
  }
}

function costOfNew({ key, value, encoding, expiresAtMs }: NewEntry): number {
  const lead = leadLength(Buffer.byteLength(key), expiresAtMs);
  return costOfLengths(lead, storedLength(value, encoding));
}

function totalCost(entries: readonly NaiveEntry[]): number {
  return entries.reduce((sum, { costBytes }) => sum + costBytes, 0);
}
