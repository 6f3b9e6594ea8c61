/**
 * A cache as this node runs it: the parts that its configuration calls for, put together, and what
 * the node asks of them as a whole: its dirty entries, its counters, a new configuration.
 */
import { isDeepStrictEqual } from "node:util";
import { CacheError, type Clock, type Logger, type Placement, type Random } from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";
import { CacheUsage } from "../curve/cache-usage.js";
import { boundBytes } from "../curve/memory-multiples.js";
import { MissRatioCurve } from "../curve/miss-ratio-curve.js";
import type { DeadLetter, DeadLetterStore } from "../database/dead-letters.js";
import type { RowFacts, Source } from "../database/source.js";
import type { JournalRecord, RecordName } from "../journal/record.js";
import type { DirtyCopy } from "../replication/messages.js";
import type { MemoryBudget } from "../store/memory-budget.js";
import { Store } from "../store/store.js";
import type { WriteBehindQueue } from "../write-behind/queue.js";
import { Cache } from "./cache.js";
import { cacheJournal, type JournalWriter } from "./cache-journal.js";
import { cacheReplication, type ReplicaSets } from "./cache-replication.js";
import { type CleanEntriesWatch, toEntry, toRecord } from "./clean-entries.js";
import type { NodeServices, OperationContext } from "./context.js";
import { withDeadline } from "./deadline.js";
import { toDirtyRecord } from "./dirty-record.js";
import { type ExplainedParts, type MemoryFacts, memoryFacts } from "./explanation.js";
import { Fills } from "./fills.js";
import { LetterRetry } from "./letter-retry.js";
import type { Lifetimes } from "./lifetimes.js";
import { Loads } from "./loads.js";
import { Memory } from "./memory.js";
import { PATTERNS } from "./patterns/index.js";
import type { Pattern } from "./patterns/pattern.js";
import { Persister } from "./persister.js";
import { RefreshAhead } from "./refresh-ahead.js";
import { type CacheCounters, createCounters } from "./stats.js";

export interface CacheEnvironment {
  readonly budget: MemoryBudget;
  readonly placement: Placement;
  readonly services: NodeServices;
  /** `undefined`: the node keeps none. */
  readonly journal: JournalWriter | undefined;
  readonly replication: ReplicaSets;
  /** `undefined`: the node has no database. */
  readonly deadLetters: DeadLetterStore | undefined;
  readonly cleanEntries: CleanEntriesWatch;
  /** The miss-ratio curve of all caches together. */
  readonly curve: MissRatioCurve;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Most letters of one key that are told with it. */
const MAX_LETTERS_TOLD = 100;

/** How long one attempt to flush before a change of bounds lasts, in milliseconds. */
const FLUSH_MS = 1_000;

export class ConfiguredCache {
  /** Never another cache's, and never used again. */
  readonly id: number;
  readonly name: string;
  readonly counters: CacheCounters = createCounters();
  readonly curve: MissRatioCurve;
  readonly operations: Cache;
  readonly source: Source | undefined;
  readonly #environment: CacheEnvironment;
  readonly #memory: Memory;
  readonly #pattern: Pattern;
  readonly #loads: Loads | undefined;
  readonly #fills: Fills;
  readonly #letterRetry: LetterRetry | undefined;
  readonly #copies: Pick<ExplainedParts, "journal" | "replication">;
  #config: CacheConfig;
  #store: Store;
  #replacing: Promise<void> | undefined;
  #isStopped = false;

  constructor(
    { id, name }: { readonly id: number; readonly name: string },
    config: CacheConfig,
    source: Source | undefined,
    environment: CacheEnvironment,
  ) {
    this.id = id;
    this.name = name;
    this.source = source;
    this.#config = config;
    this.#environment = environment;
    this.#store = this.#createStore(config);
    const { services, clock, random } = environment;
    const logger = environment.logger;
    const store = () => this.#store;
    const lifetimes = (): Lifetimes => this.#config;
    const memory = new Memory(store, () => this.#config, clock);
    this.#memory = memory;
    const { counters } = this;
    this.curve = new MissRatioCurve({ boundBytes: () => this.boundBytes, clock });
    const usage = new CacheUsage(this.curve, environment.curve, id);
    const ahead = new RefreshAhead(() => this.#config.refreshAhead, random);
    const loads =
      source && new Loads({ source, services, counters, clock, random, ahead, store, lifetimes });
    this.#loads = loads;
    const fills = new Fills(clock, random, counters);
    this.#fills = fills;
    const sourced = source && loads ? { source, loads } : undefined;
    const journal = environment.journal && cacheJournal(environment.journal, id);
    const replication = cacheReplication(environment.replication, id);
    const parts = { cacheId: id, memory, sourced, services, journal, replication, counters };
    const common = { clock, random, logger, config: () => this.#config };
    this.#pattern = PATTERNS[config.pattern]({ ...parts, ...common });
    this.#copies = { journal, replication };
    this.#letterRetry = this.#createLetterRetry(sourced);
    this.operations = new Cache({
      config: () => this.#config,
      store,
      pattern: this.#pattern,
      source,
      loads,
      fills,
      ahead,
      letterRetry: this.#letterRetry,
      services,
      counters,
      usage,
      clock,
      random,
    });
  }

  /** Memory that it may use now. */
  get boundBytes(): number {
    return boundBytes(this.#store.bounds, this.#store.meanEntryBytes);
  }

  get config(): CacheConfig {
    return this.#config;
  }

  get store(): Store {
    return this.#store;
  }

  /** The dirty entries; `undefined` where the pattern has none. */
  get queue(): WriteBehindQueue | undefined {
    return this.#pattern.queue;
  }

  /** Whether the outcome of a write to the key is being found out. */
  isUnresolved(key: string): boolean {
    return this.#pattern.unresolved(key) !== undefined;
  }

  /** What memory has of a key, for people. */
  memoryFacts(key: string, { tenure, keyHash }: OperationContext): MemoryFacts {
    const nowMs = this.#environment.clock.now();
    const own = { lifetimes: this.#config, store: this.#store, pattern: this.#pattern };
    const { partition } = tenure;
    return memoryFacts({ ...own, ...this.#copies }, { key, keyHash, partition, nowMs });
  }

  /** What the database has of a key, for people. @throws {DatabaseError}, {CacheError} */
  async databaseFacts(
    key: string,
    deadlineMs: number,
  ): Promise<{ readonly row: RowFacts | undefined; readonly letters: readonly DeadLetter[] }> {
    const { deadLetters, clock } = this.#environment;
    const { source, name: cache } = this;
    if (source === undefined) return { row: undefined, letters: [] };
    const query = { cache, key, after: undefined, limit: MAX_LETTERS_TOLD, values: false };
    const asked = Promise.all([source.inspect(key), deadLetters?.list(query) ?? []]);
    const [row, letters] = await withDeadline(
      asked,
      clock,
      deadlineMs,
      () => new CacheError("DEADLINE_EXCEEDED", "the database did not answer in time"),
    );
    return { row, letters };
  }

  /** What is dirty in a partition, as others are to have it. */
  *dirty(partition: number): Iterable<DirtyCopy> {
    const { copiesNeedJournal: journal = false } = this.#pattern;
    for (const write of this.#pattern.dirty?.(partition) ?? []) {
      yield { entry: toDirtyRecord(this.id, write), journal };
    }
  }

  /**
   * Takes a new configuration of the same pattern and source. Another policy or bound starts the
   * clean entries afresh; dirty ones are kept. Another `maxIdle`, grace or soft lifetime holds for the entries that
   * are here.
   *
   * @throws {TypeError} when pattern or source is another: entries belong to those under which they
   *   were made. A coordinator allows no such change; one that lost its registry may not know.
   */
  reconfigure(config: CacheConfig): void {
    const before = this.#config;
    for (const field of ["pattern", "source"] as const) {
      if (isDeepStrictEqual(before[field], config[field])) continue;
      throw new TypeError(
        `its ${field} cannot change while this node runs; the definition before stays in force`,
      );
    }
    this.#config = config;
    this.queue?.reconfigure(config.writeBehind);
    this.#store.setMaxIdle(maxIdleOf(config));
    this.#store.setGrace(config.graceMs);
    const { eviction, maxBytes, maxEntries } = config;
    const isSameStore =
      eviction === before.eviction &&
      maxBytes === before.maxBytes &&
      maxEntries === before.maxEntries;
    if (!isSameStore) this.#replaceStoreSoon();
  }

  /** What is clean in a partition, last used first; each entry is read when its turn comes. */
  *hottest(partition: number): Iterable<JournalRecord> {
    for (const entry of this.#store.hottestOf(partition)) yield toRecord(this.id, entry);
  }

  /** Keeps a clean entry of another owner's, if there is room for it. */
  keepCopy(entry: JournalRecord): void {
    if (!this.#store.tryPut(toEntry(entry))) this.removeCopy(entry);
  }

  removeCopy({ key }: RecordName): void {
    this.#store.remove(key);
  }

  /** Forgets the clean entries of another owner's partition. */
  dropCopies(partition: number): void {
    this.#store.dropPartition(partition);
  }

  /**
   * Forgets a partition; returns how many acknowledged writes the database will never get.
   *
   * @param isHandedOver - the next owner has everything.
   */
  drop(partition: number, isHandedOver = false): number {
    const dirty = this.#pattern.drop?.(partition) ?? 0;
    const dropped = isHandedOver ? 0 : dirty;
    // What the journal has comes back by replay.
    const { journal } = this.#environment;
    const lost = journal === undefined || journal.problem !== undefined ? dropped : 0;
    this.counters.lostWrites += lost;
    this.#loads?.discard(partition);
    this.#fills.drop(partition);
    this.#store.dropPartition(partition);
    return lost;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#letterRetry?.stop();
    this.#fills.stop();
    await this.#pattern.stop?.();
    await this.#replacing;
    this.#store.close();
  }

  /** Only what waits for the database can be refused by it later. */
  #createLetterRetry(
    sourced: { readonly source: Source; readonly loads: Loads } | undefined,
  ): LetterRetry | undefined {
    const { deadLetters: letters, services, clock, random } = this.#environment;
    const { queue } = this.#pattern;
    if (letters === undefined || sourced === undefined || queue === undefined) return undefined;
    return new LetterRetry({
      cache: this.name,
      dirty: (key, partition) => queue.get(key, partition),
      persister: new Persister(sourced.source, services),
      loads: sourced.loads,
      memory: this.#memory,
      letters,
      services,
      clock,
      random,
    });
  }

  /** At once, unless more is dirty than the new bounds have room for: that is flushed first. */
  #replaceStoreSoon(): void {
    if (this.#dirtyFits()) this.#replaceStore();
    else this.#replacing ??= this.#flushAndReplaceStore();
  }

  async #flushAndReplaceStore(): Promise<void> {
    const { clock } = this.#environment;
    while (!this.#dirtyFits() && !this.#isStopped) {
      await this.queue?.flushAll(clock.monotonic() + FLUSH_MS);
    }
    this.#replacing = undefined;
    if (!this.#isStopped) this.#replaceStore();
  }

  #dirtyFits(): boolean {
    const { counts } = this.#store;
    const dirtyEntries = counts.pinnedEntries - counts.unpersistedEntries;
    const dirtyBytes = counts.pinnedBytes - counts.unpersistedBytes;
    const { maxEntries = dirtyEntries, maxBytes = dirtyBytes } = this.#config;
    return dirtyEntries <= maxEntries && dirtyBytes <= maxBytes;
  }

  #replaceStore(): void {
    const old = this.#store;
    const pinned = [...old.pinnedEntries()];
    this.#store = this.#createStore(this.#config);
    // Only now, with its memory given back, is there certainly room for them in the new one.
    old.close();
    this.#memory.takePinned(pinned);
  }

  #createStore(config: CacheConfig): Store {
    const { eviction, maxBytes, maxEntries } = config;
    const { budget, placement, cleanEntries, clock } = this.#environment;
    return new Store({
      budget,
      placement,
      clock,
      policy: eviction,
      maxIdleMs: maxIdleOf(config),
      graceMs: config.graceMs,
      observer: cleanEntries.observer(this.id),
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...(maxEntries === undefined ? {} : { maxEntries }),
    });
  }
}

function maxIdleOf({ maxIdleMs }: CacheConfig): number {
  return maxIdleMs === 0 ? Number.POSITIVE_INFINITY : maxIdleMs;
}
