/**
 * The entries of one cache on this node, in memory.
 *
 * The store bounds them in bytes and number, misses them once they have expired, and counts them.
 * Which entry goes when there is no room is the policy's choice (eviction/); how much room all
 * caches of the node have together, the budget's (memory-budget.ts); when somebody looks for
 * expired entries that nobody reads, the reclaimer's (reclaimer.ts). What an operation means, and
 * what a version or an encoding stands for, is not known here.
 *
 * Every method is synchronous. Whenever none is running:
 *   - `counts.bytes` is the sum of the costs of the entries, and within every bound;
 *   - the policy tracks exactly the entries that are not pinned;
 *   - the wheel holds exactly those that are not dirty and expire some day.
 */
import { CacheError, type Clock } from "@holdfast/core";
import { costOf } from "./cost.js";
import type { Entry, NewEntry } from "./entry.js";
import { EntryIndex } from "./entry-index.js";
import { EVICTION_POLICIES, type EvictionPolicyName } from "./eviction/index.js";
import type { EvictionPolicy } from "./eviction/policy.js";
import { ExpiryWheel } from "./expiry.js";
import type { BudgetTenant, MemoryBudget } from "./memory-budget.js";
import { Occupancy, type OccupancyBounds, type StoreCounts } from "./occupancy.js";
import { ownBytes } from "./own-bytes.js";
import { StoredEntry } from "./stored-entry.js";

/** Hears of every change of an entry that is not pinned. */
export interface StoreObserver {
  /** It is new, has another value or lifetime, or is pinned no longer. */
  kept(entry: Entry): void;
  gone(entry: Entry): void;
}

export interface StoreOptions {
  /** The node's memory, shared with the stores of its other caches. */
  readonly budget: MemoryBudget;
  readonly policy: EvictionPolicyName;
  readonly clock: Clock;
  /** Most bytes for this store alone. Default: what the budget allows. */
  readonly maxBytes?: number;
  /** Most entries. Default: as many as fit. */
  readonly maxEntries?: number;
  readonly observer?: StoreObserver;
}

/** Expired entries taken between two looks at the clock: few enough to take some 20 µs. */
const TAKEN_PER_CLOCK_READ = 32;

export class Store {
  readonly #budget: MemoryBudget;
  readonly #clock: Clock;
  readonly #occupancy: Occupancy;
  readonly #policy: EvictionPolicy<StoredEntry>;
  readonly #wheel: ExpiryWheel<StoredEntry>;
  readonly #index = new EntryIndex();
  readonly #tenant: BudgetTenant;
  readonly #observer: StoreObserver | undefined;
  /** Grows with each use of an entry. */
  #uses = 0;
  /** During a `put`, the entry being replaced. */
  #spared: StoredEntry | undefined;
  #isClosed = false;

  constructor(options: StoreOptions) {
    const { budget, clock, policy } = options;
    this.#budget = budget;
    this.#clock = clock;
    this.#occupancy = new Occupancy(budget, {
      maxBytes: Math.min(options.maxBytes ?? budget.capacityBytes, budget.capacityBytes),
      maxEntries: options.maxEntries ?? Number.POSITIVE_INFINITY,
    });
    this.#policy = EVICTION_POLICIES[policy]();
    this.#wheel = new ExpiryWheel(clock.now());
    this.#observer = options.observer;
    const store = this;
    this.#tenant = {
      get usedBytes() {
        return store.counts.bytes;
      },
      get hasVictim() {
        return store.#policy.victim(store.#spared) !== undefined;
      },
      evictVictim: () => this.#evictVictim(),
    };
    budget.join(this.#tenant);
  }

  /** A live view, not a copy. */
  get counts(): StoreCounts {
    return this.#occupancy.counts;
  }

  /** Most that it may hold. */
  get bounds(): OccupancyBounds {
    return this.#occupancy.bounds;
  }

  /** What an entry costs on average; 0 when there is none. */
  get meanEntryBytes(): number {
    const { entries, bytes } = this.counts;
    return entries === 0 ? 0 : bytes / entries;
  }

  /** The live entry of this key, or `undefined`. Counts as a use of the entry. */
  get(key: string, partition: number): Entry | undefined {
    const entry = this.#findLive(key, partition);
    if (entry === undefined) return undefined;
    entry.lastUse = ++this.#uses;
    if (!entry.pinned) this.#policy.onHit(entry);
    return entry;
  }

  /** As `get`, without counting as a use. */
  peek(key: string, partition: number): Entry | undefined {
    return this.#findLive(key, partition);
  }

  /**
   * Inserts or replaces an entry, evicting others as needed. The value is copied unless it owns its
   * whole memory; then it is kept as it is, and the caller must not write to it again.
   *
   * @throws {CacheError} `VALUE_TOO_LARGE` when the entry alone exceeds a bound, `OVERLOADED` when
   * too much is pinned for evictions to make room, `CLOSED`. Nothing has changed then.
   */
  put(input: NewEntry): Entry {
    const { key, partition, value } = input;
    const costBytes = costOf(key, value);
    this.#occupancy.checkAdmissible(costBytes, this.#findLive(key, partition));
    return this.putBeyondBounds(input);
  }

  /**
   * As `put`, for an entry that must not be refused: what can be evicted is, and where that is not
   * enough the bounds are exceeded, until something else goes. @throws {CacheError} `CLOSED`
   */
  putBeyondBounds(input: NewEntry): Entry {
    if (this.#isClosed) throw new CacheError("CLOSED", "the cache was removed from this node");
    const { key, partition } = input;
    const replaced = this.#findLive(key, partition);
    const costBytes = costOf(key, input.value);
    const value = input.value === undefined ? undefined : ownBytes(input.value);
    this.#makeRoom(costBytes, replaced);

    const wasTracked = replaced !== undefined && !replaced.pinned;
    const entry = replaced ?? this.#insert(key, partition);
    this.#track(entry, wasTracked, !input.pinned);
    this.#occupancy.change(entry, costBytes, input.pinned ? "dirty" : "none");
    entry.value = value;
    entry.encoding = input.encoding;
    entry.version = input.version;
    entry.writtenAtMs = input.writtenAtMs ?? this.#clock.now();
    entry.expiresAtMs = input.expiresAtMs;
    entry.lastUse = ++this.#uses;
    this.#reschedule(entry);
    if (!entry.pinned) this.#observer?.kept(entry);
    return entry;
  }

  /** As `put`, for an entry that nobody misses: `undefined` where there is no room for it. */
  tryPut(input: NewEntry): Entry | undefined {
    try {
      return this.put(input);
    } catch (error) {
      if (error instanceof CacheError) return undefined;
      throw error;
    }
  }

  /** Whether a new entry of this cost would fit without any eviction. */
  hasRoomFor(costBytes: number): boolean {
    const isRoom = costBytes <= this.#budget.freeBytes;
    return isRoom && !this.#isClosed && !this.#occupancy.wouldExceedOwnBounds(1, costBytes);
  }

  /** Lets a pinned entry be evicted and expire from now on; it may have expired already. */
  unpin(entry: Entry): void {
    const stored = this.#own(entry);
    if (stored === undefined || !stored.pinned) return;
    this.#occupancy.change(stored, stored.costBytes, "none");
    this.#policy.onInsert(stored);
    if (stored.hasExpired(this.#clock.now())) {
      this.#expire(stored);
      return;
    }
    this.#reschedule(stored);
    this.#observer?.kept(stored);
  }

  /**
   * Keeps a dirty entry although the database refuses it, as one of so many: beyond these bounds the oldest
   * go. It expires from now on, and may have expired already.
   */
  keepUnpersisted(entry: Entry, { maxEntries, maxBytes }: OccupancyBounds): void {
    const stored = this.#own(entry);
    if (stored?.pin !== "dirty") return;
    const { counts } = this;
    this.#occupancy.change(stored, stored.costBytes, "unpersisted");
    if (stored.hasExpired(this.#clock.now())) {
      this.#expire(stored);
      return;
    }
    this.#reschedule(stored);
    for (const oldest of this.#occupancy.unpersisted) {
      if (counts.unpersistedEntries <= maxEntries && counts.unpersistedBytes <= maxBytes) return;
      this.#detach(oldest);
    }
  }

  /** Moves the instant from which the entry is missed. One that has expired stays missed. */
  setExpiry(entry: Entry, expiresAtMs: number): void {
    const stored = this.#own(entry);
    if (stored === undefined) return;
    if (stored.hasExpired(this.#clock.now())) {
      this.#expire(stored);
      return;
    }
    stored.expiresAtMs = expiresAtMs;
    this.#reschedule(stored);
    if (!stored.pinned) this.#observer?.kept(stored);
  }

  /** Removes the entry of this key, pinned or not. Returns it if it was live. */
  remove(key: string, partition: number): Entry | undefined {
    const entry = this.#findLive(key, partition);
    if (entry !== undefined) this.#detach(entry);
    return entry;
  }

  /** The live entries of a partition. The store may change while they are being read. */
  *entriesOf(partition: number): Iterable<Entry> {
    for (const entry of this.#index.ofPartition(partition)) {
      if (!entry.hasExpired(this.#clock.now())) yield entry;
    }
  }

  /**
   * The entries of a partition that are not pinned, last used first. The store may change while they are
   * being read: each is as it is when its turn comes, and left out if it is gone.
   */
  *hottestOf(partition: number): Iterable<Entry> {
    const entries = [...this.#index.ofPartition(partition)];
    entries.sort((a, b) => b.lastUse - a.lastUse);
    for (const entry of entries) {
      if (entry.pinned || entry.hasExpired(this.#clock.now())) continue;
      if (this.#own(entry) !== undefined) yield entry;
    }
  }

  /** The dirty entries, then the unpersisted ones. The store may change while they are being read. */
  *pinnedEntries(): Iterable<Entry> {
    for (const entry of this.#index.all()) {
      if (entry.pin === "dirty") yield entry;
    }
    yield* this.#occupancy.unpersisted;
  }

  /** Removes all entries of a partition, pinned ones too. Returns how many. */
  dropPartition(partition: number): number {
    const before = this.counts.entries;
    for (const entry of this.#index.ofPartition(partition)) this.#detach(entry);
    return before - this.counts.entries;
  }

  /** Removes every entry that is not dirty. Returns how many. */
  clear(): number {
    const before = this.counts.entries;
    for (const entry of this.#index.all()) {
      if (entry.pin !== "dirty") this.#detach(entry);
    }
    return before - this.counts.entries;
  }

  /**
   * Removes entries that have expired, until none is left or the monotonic clock has reached
   * `deadlineMs`. Returns whether none is left.
   */
  reclaim(deadlineMs: number): boolean {
    const nowMs = this.#clock.now();
    this.#wheel.advance(nowMs);
    for (let taken = 1; ; taken++) {
      const entry = this.#wheel.take();
      if (entry === undefined) return true;
      if (entry.hasExpired(nowMs)) this.#expire(entry);
      else this.#wheel.schedule(entry);
      const isClockRead = taken % TAKEN_PER_CLOCK_READ === 0;
      if (isClockRead && this.#clock.monotonic() >= deadlineMs) return false;
    }
  }

  /** Removes everything and gives its memory back. Reads miss and writes are refused afterwards. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const entry of this.#index.all()) this.#detach(entry);
    this.#budget.leave(this.#tenant);
  }

  #findLive(key: string, partition: number): StoredEntry | undefined {
    const entry = this.#index.find(key, partition);
    if (entry === undefined || !entry.hasExpired(this.#clock.now())) return entry;
    this.#expire(entry);
    return undefined;
  }

  /** The entry from the inside, or `undefined` when it has left this store meanwhile. */
  #own(entry: Entry): StoredEntry | undefined {
    const stored = this.#index.find(entry.key, entry.partition);
    return stored === entry ? stored : undefined;
  }

  /** Evicts until an entry of this cost fits, in place of `replaced` if given, or nothing is left. */
  #makeRoom(costBytes: number, replaced: StoredEntry | undefined): void {
    const growthBytes = costBytes - (replaced?.costBytes ?? 0);
    const growthEntries = replaced === undefined ? 1 : 0;
    this.#spared = replaced;
    while (
      this.#tenant.hasVictim &&
      this.#occupancy.wouldExceedOwnBounds(growthEntries, growthBytes)
    ) {
      this.#evictVictim();
    }
    this.#budget.makeRoom(this.#tenant, growthBytes);
    this.#spared = undefined;
  }

  #insert(key: string, partition: number): StoredEntry {
    const entry = new StoredEntry(key, partition);
    this.#index.add(entry);
    this.#occupancy.entered();
    return entry;
  }

  #track(entry: StoredEntry, wasTracked: boolean, isTracked: boolean): void {
    if (wasTracked && isTracked) this.#policy.onHit(entry);
    else if (isTracked) this.#policy.onInsert(entry);
    else if (wasTracked) this.#policy.onRemove(entry);
  }

  #reschedule(entry: StoredEntry): void {
    this.#wheel.cancel(entry);
    if (entry.pin !== "dirty") this.#wheel.schedule(entry);
  }

  #evictVictim(): void {
    const victim = this.#policy.victim(this.#spared);
    if (victim === undefined) throw new Error("nothing is left to evict");
    if (victim.hasExpired(this.#clock.now())) {
      this.#expire(victim);
      return;
    }
    this.#occupancy.countEviction();
    this.#detach(victim);
  }

  #expire(entry: StoredEntry): void {
    this.#occupancy.countExpiration();
    this.#detach(entry);
  }

  /** Takes an entry out of everything. Its own fields stay, for those who still hold it. */
  #detach(entry: StoredEntry): void {
    this.#index.delete(entry);
    this.#wheel.cancel(entry);
    this.#occupancy.left(entry);
    if (entry.pinned) return;
    this.#policy.onRemove(entry);
    this.#observer?.gone(entry);
  }
}
