/**
 * The caches of this node, as the registry defines them: created and changed as definitions come
 * and change, and treated together where a partition, which all caches share, is flushed or lost.
 */
import { CacheError, type Clock, type Logger } from "@holdfast/core";
import {
  CACHE_NAME,
  CACHES_PREFIX,
  type CacheConfig,
  decodeCache,
  parseCacheConfig,
  type Registry,
  type RegistryEntry,
  type RegistryWatch,
} from "@holdfast/process";
import type { Source } from "../database/source.js";
import type { JournalRecord, RecordName } from "../journal/record.js";
import type { CleanListener, DirtyCopy } from "../replication/messages.js";
import type { Store } from "../store/store.js";
import { type CacheEnvironment, ConfiguredCache } from "./configured-cache.js";

/** How long an unknown name is believed to be unknown before the registry is asked again. */
const UNKNOWN_MS = 1_000;

/** Most unknown names remembered, and asked for at once. */
const MAX_UNKNOWN = 1_000;
const MAX_ASKING = 16;

export type CreateSource = (cache: string, config: CacheConfig) => Source | undefined;

export class Caches {
  readonly #registry: Registry;
  readonly #createSource: CreateSource;
  readonly #environment: CacheEnvironment;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #caches = new Map<string, ConfiguredCache>();
  /** Dirty entries of caches that are not known here yet, by partition. */
  readonly #unplaced = new Map<number, readonly JournalRecord[]>();
  /** The definition of each cache as it was last read. */
  readonly #applied = new Map<string, Buffer>();
  readonly #unknown = new Map<
    string,
    { readonly untilMs: number; readonly asked: Promise<void> }
  >();
  #asking = 0;
  #watch: RegistryWatch | undefined;

  constructor(registry: Registry, createSource: CreateSource, environment: CacheEnvironment) {
    this.#registry = registry;
    this.#createSource = createSource;
    this.#environment = environment;
    this.#clock = environment.clock;
    this.#logger = environment.logger;
  }

  all(): IterableIterator<ConfiguredCache> {
    return this.#caches.values();
  }

  *stores(): Iterable<Store> {
    for (const cache of this.#caches.values()) yield cache.store;
  }

  /** Reads the definitions, then follows them. */
  async start(): Promise<void> {
    const snapshot = await this.#registry.list(CACHES_PREFIX);
    for (const entry of snapshot.entries.values()) this.#apply(entry);
    this.#watch = this.#registry.watch(CACHES_PREFIX, ({ entries }) => {
      for (const entry of entries.values()) this.#apply(entry);
    });
  }

  async stop(): Promise<void> {
    await this.#watch?.close();
    await Promise.all([...this.#caches.values()].map((cache) => cache.stop()));
  }

  find(name: string): ConfiguredCache | undefined {
    return this.#caches.get(name);
  }

  findById(id: number): ConfiguredCache | undefined {
    for (const cache of this.#caches.values()) if (cache.id === id) return cache;
    return undefined;
  }

  /**
   * The cache of this name; asks the registry before it says that there is none, because a
   * definition may be younger than what the watch has delivered.
   *
   * @throws {CacheError} `UNKNOWN_CACHE`; `OVERLOADED` when too many names are being asked for.
   */
  async lookUp(name: string): Promise<ConfiguredCache> {
    const known = this.#caches.get(name);
    if (known !== undefined) return known;
    if (!CACHE_NAME.test(name)) throw unknownCache(name);
    const now = this.#clock.monotonic();
    let unknown = this.#unknown.get(name);
    if (unknown === undefined || unknown.untilMs <= now) {
      unknown = { untilMs: now + UNKNOWN_MS, asked: this.#ask(name) };
      if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
      this.#unknown.set(name, unknown);
    }
    await unknown.asked;
    const cache = this.#caches.get(name);
    if (cache !== undefined) return cache;
    throw unknownCache(name);
  }

  /**
   * Keys that a query named in a cache's configuration yields, in chunks.
   *
   * @throws {CacheError} `UNKNOWN_CACHE`, or `INVALID_ARGUMENT` when there is no such query.
   */
  async *keysOfQuery(name: string, query: string, limit: number): AsyncIterable<readonly string[]> {
    const { config, source } = await this.lookUp(name);
    const sql = Object.hasOwn(config.warmQueries, query) ? config.warmQueries[query] : undefined;
    if (source === undefined || sql === undefined) {
      const known = Object.keys(config.warmQueries).join(", ") || "none";
      throw new CacheError(
        "INVALID_ARGUMENT",
        `cache ${name} has no warm query named ${JSON.stringify(query)}; configured: ${known}`,
      );
    }
    yield* source.keysOf(sql, limit === 0 ? Number.MAX_SAFE_INTEGER : limit);
  }

  /** Acknowledged writes that the database does not have yet. */
  get dirtyEntries(): number {
    const unplaced = [...this.#unplaced.values()].reduce((sum, { length }) => sum + length, 0);
    return this.#queues().reduce((sum, { entries }) => sum + entries, unplaced);
  }

  /** Flushes everything; returns how many dirty entries remain. */
  async flushAll(deadlineMs: number): Promise<number> {
    await Promise.all(this.#queues().map((queue) => queue.flushAll(deadlineMs)));
    return this.dirtyEntries;
  }

  /** What is dirty in a partition, in every cache. */
  *dirty(partition: number): Iterable<DirtyCopy> {
    for (const cache of this.#caches.values()) yield* cache.dirty(partition);
    for (const entry of this.#unplacedOf(partition)) yield { entry, journal: true };
  }

  /** What is clean in a partition, last used first in each cache. */
  *hottest(partition: number): Iterable<JournalRecord> {
    for (const cache of this.#caches.values()) yield* cache.hottest(partition);
  }

  /** Tells of every later change of what is clean in a partition. Returns how to end that. */
  watch(partition: number, listener: CleanListener): () => void {
    return this.#environment.cleanEntries.watch(partition, listener);
  }

  /** Keeps a clean entry of a partition that may become this node's. */
  put(entry: JournalRecord): void {
    // One of a cache that is not known here yet is loaded when it is asked for.
    this.findById(entry.cacheId)?.keepCopy(entry);
  }

  remove(name: RecordName): void {
    this.findById(name.cacheId)?.removeCopy(name);
  }

  /** Forgets the clean entries of a partition that is not this node's. */
  forget(partition: number): void {
    for (const cache of this.#caches.values()) cache.dropCopies(partition);
  }

  /** Makes dirty entries of what this node has kept for the owner before. */
  adopt(entries: readonly JournalRecord[]): void {
    for (const entry of entries) {
      const { cacheId, ...write } = entry;
      const cache = this.findById(cacheId);
      if (cache !== undefined) cache.operations.adopt(write);
      else this.#unplaced.set(entry.partition, [...this.#unplacedOf(entry.partition), entry]);
    }
  }

  /**
   * Forgets a partition in every cache.
   *
   * @param isHandedOver - the next owner has everything.
   */
  drop(partition: number, isHandedOver = false): void {
    let lost = 0;
    for (const cache of this.#caches.values()) lost += cache.drop(partition, isHandedOver);
    this.#unplaced.delete(partition);
    if (lost === 0) return;
    this.#logger.error(
      { partition, lost },
      "acknowledged writes were lost: this node was replaced as owner before it flushed them",
    );
  }

  #unplacedOf(partition: number): readonly JournalRecord[] {
    return this.#unplaced.get(partition) ?? [];
  }

  /** A cache has become known that entries may have waited for. */
  #place(cacheId: number): void {
    for (const [partition, entries] of this.#unplaced) {
      const left = entries.filter((entry) => entry.cacheId !== cacheId);
      if (left.length === 0) this.#unplaced.delete(partition);
      else this.#unplaced.set(partition, left);
      this.adopt(entries.filter((entry) => entry.cacheId === cacheId));
    }
  }

  #queues() {
    return [...this.#caches.values()].flatMap(({ queue }) => (queue === undefined ? [] : [queue]));
  }

  async #ask(name: string): Promise<void> {
    if (this.#asking >= MAX_ASKING) {
      throw new CacheError(
        "OVERLOADED",
        `${MAX_ASKING} unknown caches are being looked up already`,
      );
    }
    this.#asking += 1;
    try {
      const entry = await this.#registry.get(CACHES_PREFIX + name);
      if (entry !== undefined) this.#apply(entry);
    } catch (error) {
      // The registry is away: what the watch has delivered must do.
      this.#logger.debug({ err: error }, "looking up a cache's definition failed");
    } finally {
      this.#asking -= 1;
    }
  }

  #apply(entry: RegistryEntry): void {
    const name = entry.key.slice(CACHES_PREFIX.length);
    // Not by revision: a registry that was emptied hands out the same ones again.
    if (this.#applied.get(name)?.equals(entry.value) === true) return;
    this.#applied.set(name, entry.value);
    try {
      const { id, config: written } = decodeCache(entry.value);
      const config = parseCacheConfig(name, written);
      const cache = this.#caches.get(name);
      if (cache !== undefined && cache.id !== id) {
        throw new TypeError(`it has id ${cache.id} on this node and ${id} in the registry`);
      }
      if (cache === undefined) this.#create(id, name, config);
      else cache.reconfigure(config);
      this.#logger.info({ cache: name, pattern: config.pattern }, "cache configured");
    } catch (error) {
      this.#logger.error({ err: error, cache: name }, "a cache's definition cannot be used");
    }
  }

  #create(id: number, name: string, config: CacheConfig): void {
    const source = this.#createSource(name, config);
    const identity = { id, name };
    this.#caches.set(name, new ConfiguredCache(identity, config, source, this.#environment));
    this.#unknown.delete(name);
    this.#place(id);
  }
}

function unknownCache(name: string): CacheError {
  const shown = JSON.stringify(name.slice(0, 100));
  return new CacheError(
    "UNKNOWN_CACHE",
    `no cache named ${shown} is configured; apply its definition first`,
  );
}
