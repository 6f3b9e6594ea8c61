/**
 * The entries of one cache on this node, in memory.
 *
 * The store bounds them in bytes and number, misses them once they have expired (but keeps values for their grace), and
 * counts them. How they lie in memory is entries.ts's matter. Which entry goes when there is no room is the
 * policy's choice (../eviction/); how much room all caches of the node have together, the budget's
 * (memory-budget.ts); when somebody looks for expired entries that nobody reads, the reclaimer's
 * (reclaimer.ts). What an operation means, and what a version or an encoding stands for, is not known here.
 *
 * Every method is synchronous. Whenever none is running:
 *   - `counts.bytes` is the sum of the costs of the entries, and within every bound;
 *   - the policy tracks exactly the entries that are not pinned;
 *   - the wheel holds exactly those that are not dirty and were given an end.
 */
import { CacheError, type Clock } from "@holdfast/core";
import { NO_ENTRY } from "../eviction/index.js";
import { MAX_ID } from "./bucket-runs.js";
import type { Entry, EntryFacts, FoundEntry, NewContent, NewEntry, Pin } from "./entry.js";
import { EntryInPlace } from "./entry-view.js";
import type { MemoryBudget } from "./memory-budget.js";
import { type Counted, type EvictionReason, Occupancy, type OccupancyBounds } from "./occupancy.js";
import { PAGE_BYTES } from "./pages.js";
import { END_BYTES, leadLength, storedLength } from "./record-layout.js";
import { type Key, type KeysOfMessage, SoughtKey } from "./sought-key.js";
import type { StoreOptions } from "./store-options.js";
import { StoreTables, type StoreTablesParts } from "./store-tables.js";
import { StoreTenant } from "./store-tenant.js";
import { TableCharge } from "./table-charge.js";

/** Expired entries taken between two looks at the clock: few enough to take some 20 µs. */
const TAKEN_PER_CLOCK_READ = 32;

export class Store {
  readonly #budget: MemoryBudget;
  readonly #clock: Clock;
  readonly #occupancy: Occupancy;
  readonly #parts: StoreTablesParts;
  #tables: StoreTables;
  readonly #charge: TableCharge;
  readonly #tenant: StoreTenant;
  /** The key that was looked for last. Whoever sets it may go on with it in the same tick. */
  readonly sought: SoughtKey;
  /** What `findSought` found last. */
  readonly #inPlace = new EntryInPlace();
  #isClosed = false;

  constructor(options: StoreOptions) {
    const { budget, clock, placement } = options;
    this.#budget = budget;
    this.#clock = clock;
    this.sought = new SoughtKey(placement.hashSeed);
    this.#charge = new TableCharge(budget);
    const maxEntries = Math.min(options.maxEntries ?? MAX_ID, MAX_ID);
    const maxBytes = Math.min(options.maxBytes ?? budget.capacityBytes, budget.capacityBytes);
    this.#occupancy = new Occupancy(budget, { maxBytes, maxEntries });
    this.#parts = { ...options, pages: budget.pages, occupancy: this.#occupancy };
    this.#tables = new StoreTables(this.#parts, options);
    const tables = () => this.#tables;
    const evict = () => this.#evict("memory");
    this.#tenant = new StoreTenant({ tables, charge: this.#charge, evict });
    budget.join(this.#tenant);
  }

  /** A live view, not a copy. */
  get counts(): Occupancy["counts"] {
    return this.#occupancy.counts;
  }

  /** Most that it may hold. */
  get bounds(): OccupancyBounds {
    return this.#occupancy.bounds;
  }

  /** Memory that it takes: pages and tables. */
  get usedBytes(): number {
    return this.#tenant.usedBytes;
  }

  /** What an entry costs on average; 0 when there is none. */
  get meanEntryBytes(): number {
    return this.counts.bytes / Math.max(1, this.counts.entries);
  }

  /** The live entry of this key, or `undefined`. Counts as a use of the entry. */
  get(key: Key): FoundEntry | undefined {
    const id = this.#findLive(key);
    if (id === NO_ENTRY) return undefined;
    this.#use(id);
    return this.#tables.view.found(id, this.sought.hash);
  }

  /**
   * To be called before keys are looked up, those from `first` to before `end`, one after the other: the waiting for
   * main memory then happens for many of them at once. Nothing else is changed by it, whatever is looked up in which
   * order.
   */
  prefetch(keys: KeysOfMessage, first: number, end: number): void {
    this.#tables.prefetch.begin(keys, first, end);
  }

  /**
   * As `peek`, of the key that was `sought`, without copying the value. The answer is the same object each time, and
   * true until anything else is asked of the store than `useInPlace`. `undefined` for a negative entry as well.
   */
  findSought(): EntryInPlace | undefined {
    const id = this.#liveOf(this.#find(true));
    if (id === NO_ENTRY) return undefined;
    return this.#tables.view.inPlace(id, this.sought.hash, this.#inPlace);
  }

  /** Counts what was just found in place as used. */
  useInPlace(): void {
    this.#use(this.#inPlace.id);
  }

  /** As `get`, without counting as a use. */
  peek(key: Key): FoundEntry | undefined {
    const id = this.#findLive(key);
    return id === NO_ENTRY ? undefined : this.#tables.view.found(id, this.sought.hash);
  }

  /** The entry of this key that has ended and is in its grace, which is missing to whoever asks for anything else. */
  findInGrace(key: Key, isUse = false): FoundEntry | undefined {
    const id = this.#findKept(key);
    if (id === NO_ENTRY || !this.#tables.view.hasExpired(id)) return undefined;
    if (isUse) this.#use(id);
    return this.#tables.view.found(id, this.sought.hash);
  }

  /** As `peek`, without a copy of the value. */
  facts(key: Key): EntryFacts | undefined {
    const id = this.#findLive(key);
    return id === NO_ENTRY ? undefined : this.#tables.view.facts(id);
  }

  /**
   * Inserts or replaces an entry, evicting others as needed. The value is copied.
   *
   * @throws {CacheError} `VALUE_TOO_LARGE` when the entry alone exceeds a bound, `OVERLOADED` when
   * too much is pinned for evictions to make room, `INVALID_ARGUMENT` for a key of more than 512 bytes,
   * `CLOSED`. Nothing has changed then.
   */
  put(input: NewEntry): void {
    this.sought.set(input.key);
    this.putSought(input);
  }

  /** As `put`, under the key that was `sought`. */
  putSought(content: NewContent): void {
    if (this.#isClosed) throw closed();
    this.sought.check();
    const id = this.#keptOf(this.#find(true));
    const costBytes = this.#costOfNew(content);
    const before = id === NO_ENTRY ? undefined : this.#tables.view.counted(id);
    this.#occupancy.checkAdmissible(costBytes, before);
    this.#put(id, content, costBytes);
  }

  /**
   * As `put`, for an entry that must not be refused: what can be evicted is, and where that is not
   * enough the bounds are exceeded, until something else goes. @throws {CacheError} `CLOSED`
   */
  putBeyondBounds(input: NewEntry): void {
    if (this.#isClosed) throw closed();
    const id = this.#findKept(input.key);
    this.sought.check();
    this.#put(id, input, this.#costOfNew(input));
  }

  /** As `put`, for an entry that nobody misses: `false` where there is no room for it. */
  tryPut(input: NewEntry): boolean {
    try {
      this.put(input);
      return true;
    } catch (error) {
      if (error instanceof CacheError) return false;
      throw error;
    }
  }

  /** Whether a new entry of this cost would fit without any eviction. */
  hasRoomFor(costBytes: number): boolean {
    // Its slot may need a page of its own.
    const isRoom = costBytes + PAGE_BYTES <= this.#budget.freeBytes;
    return isRoom && !this.#isClosed && !this.#occupancy.wouldExceedOwnBounds(1, costBytes);
  }

  /** Lets a pinned entry be evicted and expire from now on; it may have expired already. */
  unpin(key: Key): void {
    const id = this.#find(this.sought.set(key));
    if (id === NO_ENTRY || !this.#tables.view.isPinned(id)) return;
    this.#setPin(id, "none");
    this.#tables.policy.insert(id, this.sought.hash);
    if (this.#endOrSchedule(id)) this.#tables.observed.kept(id, this.sought.hash);
  }

  /**
   * Keeps a dirty entry although the database refuses it, as one of so many: beyond these bounds the oldest
   * go. It expires from now on, and may have expired already.
   */
  keepUnpersisted(key: Key, { maxEntries, maxBytes }: OccupancyBounds): void {
    const id = this.#find(this.sought.set(key));
    if (id === NO_ENTRY || !this.#tables.view.isDirty(id)) return;
    this.#setPin(id, "unpersisted");
    if (!this.#endOrSchedule(id)) return;
    const { counts } = this;
    for (const oldest of this.#occupancy.unpersisted) {
      if (counts.unpersistedEntries <= maxEntries && counts.unpersistedBytes <= maxBytes) return;
      this.#remove(oldest);
    }
  }

  /** Moves the instant from which the entry is missed. One that has expired stays missed. */
  setExpiry(key: Key, expiresAtMs: number): void {
    const id = this.#findLive(key);
    if (id === NO_ENTRY) return;
    const { view, ends, entries } = this.#tables;
    const before = view.counted(id);
    if (expiresAtMs !== Number.POSITIVE_INFINITY) this.#makeRoomForEnd(id, before);
    ends.cancel(id);
    entries.setEnd(id, expiresAtMs);
    this.#occupancy.changed(id, before, view.counted(id));
    this.#reschedule(id);
    if (before.pin === "none") this.#tables.observed.kept(id, this.sought.hash);
  }

  /**
   * From now on entries that were neither read nor written for so long have ended; Infinity: they may be idle for ever.
   * Where uses were not followed before, all entries count as used now.
   */
  setMaxIdle(maxIdleMs: number): void {
    this.#tables.ends.setMaxIdle(maxIdleMs);
    this.#charge.follow(this.#tables.bytes);
  }

  /** From now on values are kept for so long beyond their ends; 0: not at all. */
  setGrace(graceMs: number): void {
    this.#tables.ends.setGrace(graceMs);
  }

  /** When the entry of this key will have been idle for too long, if it may; Infinity: never. */
  idleUntilMs(key: Key): number {
    const id = this.#findLive(key);
    return id === NO_ENTRY ? Number.POSITIVE_INFINITY : this.#tables.ends.idleUntilMs(id);
  }

  /** Removes the entry of this key, pinned or not, or in grace. Returns whether it was live. */
  remove(key: Key): boolean {
    const id = this.#findKept(key);
    if (id === NO_ENTRY) return false;
    const wasLive = !this.#tables.view.hasExpired(id);
    this.#remove(id);
    return wasLive;
  }

  /** The live entries of a partition. The store may change while they are being read. */
  entriesOf(partition: number): Iterable<Entry> {
    return this.#tables.view.entriesOf(partition);
  }

  /**
   * The entries of a partition that are not pinned, those in grace too, those last used first (as far as that is known:
   * uses count in steps). The store may change while they are being read: each is as it is when its turn comes, and
   * left out if it is gone.
   */
  hottestOf(partition: number): Iterable<Entry> {
    return this.#tables.view.hottestOf(partition);
  }

  /** The dirty entries, then the unpersisted ones. The store may change while they are being read. */
  pinnedEntries(): Iterable<Entry> {
    return this.#tables.view.pinnedEntries();
  }

  /** Removes all entries of a partition, pinned ones too. Returns how many. */
  dropPartition(partition: number): number {
    const ids = this.#tables.entries.idsOf(partition);
    for (const id of ids) this.#remove(id);
    return ids.length;
  }

  /** Removes every entry that is not dirty, and gives their memory back. Returns how many. */
  clear(): number {
    const before = this.counts.entries;
    const dirty = [...this.#tables.view.dirtyEntries()];
    this.#empty();
    for (const entry of dirty) this.putBeyondBounds(entry);
    return before - this.counts.entries;
  }

  /**
   * Removes entries that have expired, until none is left or the monotonic clock has reached
   * `deadlineMs`. Returns whether none is left.
   */
  reclaim(deadlineMs: number): boolean {
    this.#tables.ends.advance();
    for (let taken = 1; ; taken++) {
      const id = this.#tables.ends.take();
      if (id === NO_ENTRY) return true;
      if (this.#tables.entries.table.isInUse(id)) this.#endOrSchedule(id);
      if (taken % TAKEN_PER_CLOCK_READ > 0) continue;
      if (this.#clock.monotonic() >= deadlineMs) return false;
    }
  }

  /** Removes everything and gives its memory back. Reads miss and writes are refused afterwards. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#empty();
    this.#budget.leave(this.#tenant);
  }

  /** Forgets everything at once, in a time that does not depend on how many entries there were. */
  #empty(): void {
    this.#tables.observed.allGone();
    this.#tables.entries.close();
    this.#occupancy.emptied();
    this.#charge.end();
    this.#tables = new StoreTables(this.#parts, this.#tables.ends);
  }

  /** Looks a key up, and remembers what it looked for. @param isKey - as `SoughtKey.set` says. */
  #find(isKey: boolean): number {
    if (!isKey) return NO_ENTRY;
    const { sought } = this;
    const { entries, prefetch } = this.#tables;
    const likely = prefetch.next(sought.hash);
    return likely !== NO_ENTRY && entries.hasKey(likely, sought) ? likely : entries.find(sought);
  }

  #findLive(key: Key): number {
    return this.#liveOf(this.#find(this.sought.set(key)));
  }

  /** As `#findLive`, or the entry in grace. */
  #findKept(key: Key): number {
    return this.#keptOf(this.#find(this.sought.set(key)));
  }

  #keptOf(id: number): number {
    if (id === NO_ENTRY || !this.#tables.view.isOver(id)) return id;
    this.#expire(id);
    return NO_ENTRY;
  }

  /** An entry that was found, unless it has expired. */
  #liveOf(id: number): number {
    if (id === NO_ENTRY || !this.#tables.view.hasExpired(id)) return id;
    if (this.#tables.view.isOver(id)) this.#expire(id);
    return NO_ENTRY;
  }

  /** @param present - the entry of the key that was looked up last, live or in grace. */
  #put(present: number, input: NewContent, costBytes: number): void {
    if (present !== NO_ENTRY && !this.#tables.view.isPinned(present) && !input.pinned) {
      this.#update(present, input, costBytes);
      return;
    }
    const before = present === NO_ENTRY ? undefined : this.#tables.view.counted(present);
    const wasTracked = before?.pin === "none";
    this.#makeRoom(wasTracked ? present : NO_ENTRY, before, costBytes);
    const id = this.#write(present, input);
    const after: Counted = { costBytes, pin: input.pinned ? "dirty" : "none" };
    if (before === undefined) this.#occupancy.entered(id, after);
    else this.#occupancy.changed(id, before, after);
    if (wasTracked) this.#tables.policy.remove(id);
    if (!input.pinned) this.#tables.policy.insert(id, this.sought.hash);
    this.#reschedule(id);
    if (!input.pinned) this.#tables.observed.kept(id, this.sought.hash);
  }

  /** As `#put`, of an entry that is not pinned and will not be. */
  #update(id: number, input: NewContent, costBytes: number): void {
    const costBefore = this.#tables.view.costOf(id);
    if (costBytes !== costBefore || this.#budget.freeBytes < 0) {
      const before: Counted = { costBytes: costBefore, pin: "none" };
      this.#makeRoom(id, before, costBytes);
      this.#occupancy.changed(id, before, { costBytes, pin: "none" });
    }
    this.#write(id, input);
    this.#tables.policy.hit(id, this.sought.hash);
    this.#reschedule(id);
    this.#tables.observed.kept(id, this.sought.hash);
  }

  #write(present: number, input: NewContent): number {
    const entries = this.#tables.entries;
    const isNew = present === NO_ENTRY;
    const id = isNew ? entries.add(this.sought, input) : present;
    if (!isNew) {
      this.#tables.ends.cancel(id);
      entries.replace(id, this.sought, input);
    }
    entries.table.setWritten(id, input.writtenAtMs ?? this.#clock.now());
    entries.table.use(id);
    if (isNew) this.#tables.added(id);
    this.#tables.ends.use(id);
    if (this.#charge.isDue()) {
      this.#charge.follow(this.#tables.bytes);
      this.#budget.gather();
    }
    return id;
  }

  /**
   * Evicts until an entry fits, in place of another if given, or nothing is left to evict.
   *
   * @param spared - the entry to be replaced, if the policy tracks it.
   */
  #makeRoom(spared: number, before: Counted | undefined, costBytes: number): void {
    const growthBytes = costBytes - (before?.costBytes ?? 0);
    const growthEntries = before === undefined ? 1 : 0;
    this.#tenant.spared = spared;
    while (
      this.#tenant.hasVictim &&
      this.#occupancy.wouldExceedOwnBounds(growthEntries, growthBytes)
    ) {
      this.#evict("capacity");
    }
    this.#budget.makeRoom(this.#tenant);
    this.#tenant.spared = NO_ENTRY;
  }

  /** Room for the same entry with an end, if it has none yet. */
  #makeRoomForEnd(id: number, before: Counted): void {
    const { records, table } = this.#tables.entries;
    const place = table.place(id);
    if (records.hasEnd(place)) return;
    const lead = records.leadLength(place) + END_BYTES;
    const costBytes = this.#tenant.want(lead, records.storedLength(place));
    this.#makeRoom(before.pin === "none" ? id : NO_ENTRY, before, costBytes);
  }

  #evict(reason: EvictionReason): void {
    const victim = this.#tables.policy.evict(this.#tenant.spared);
    if (victim === NO_ENTRY) throw new Error("nothing is left to evict");
    if (this.#tables.view.hasExpired(victim)) this.#occupancy.countExpiration();
    else this.#occupancy.countEviction(reason);
    this.#detach(victim);
  }

  #expire(id: number): void {
    this.#occupancy.countExpiration();
    this.#remove(id);
  }

  #remove(id: number): void {
    if (!this.#tables.view.isPinned(id)) this.#tables.policy.remove(id);
    this.#detach(id);
  }

  /** Takes an entry that the policy does not track out of everything else. */
  #detach(id: number): void {
    const hash = this.#tables.entries.hashOf(id);
    this.#tables.observed.gone(id, hash);
    this.#occupancy.left(id, this.#tables.view.counted(id));
    this.#tables.ends.cancel(id);
    this.#tables.entries.remove(id, hash);
  }

  #use(id: number): void {
    this.#tables.entries.table.use(id);
    this.#tables.ends.use(id);
    if (!this.#tables.view.isPinned(id)) this.#tables.policy.hit(id, this.sought.hash);
  }

  #setPin(id: number, pin: Pin): void {
    const before = this.#tables.view.counted(id);
    this.#occupancy.changed(id, before, { costBytes: before.costBytes, pin });
    this.#tables.entries.records.setPinned(this.#tables.entries.table.place(id), pin !== "none");
  }

  /** Removes an entry that is over, or schedules it. Returns whether it is still there. */
  #endOrSchedule(id: number): boolean {
    const isOver = this.#tables.view.isOver(id);
    if (isOver) this.#expire(id);
    else this.#reschedule(id);
    return !isOver;
  }

  #reschedule(id: number): void {
    if (this.#tables.view.isDirty(id)) this.#tables.ends.cancel(id);
    else this.#tables.ends.schedule(id);
  }

  /** Of an entry with the key that was looked up last. */
  #costOfNew({ value, encoding, expiresAtMs }: NewContent): number {
    const lead = leadLength(this.sought.length, expiresAtMs);
    return this.#tenant.want(lead, storedLength(value, encoding));
  }
}

function closed(): CacheError {
  return new CacheError("CLOSED", "the cache was removed from this node");
}
