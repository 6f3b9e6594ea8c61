/**
 * Compares what is cached with what the database has, all the time and slowly: it walks through the clean
 * entries of every cache that has a source, so many a second, and looks whether the database has the same
 * version. Two things must not be found:
 *
 *   - an entry that is *newer* than its row. It was called clean, so the database had it: the row has gone
 *     back, or never was;
 *   - an entry that is *older*, for longer than its cache allows. Somebody writes behind the owner's back.
 *
 * Everything changes while it looks. So an entry only counts if it is the same after the row was read, in a
 * partition that has stayed this node's; and one that differs is looked at again, later, before it is
 * counted. What differs then is dropped, so that the next read gets what the database has.
 *
 * Only versions are compared. Changes of rows that another program makes in a table of its own carry none;
 * they are a matter of the cache's TTL.
 */
import {
  type Clock,
  type Component,
  delay,
  type Logger,
  type Random,
  UNVERSIONED_ROW,
} from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";
import type { LoadedRow, Source } from "../database/source.js";
import type { Tenure } from "../ownership/tenure.js";
import type { Entry } from "../store/entry.js";
import type { Store } from "../store/store.js";
import type { NodeServices } from "./context.js";
import type { CacheCounters } from "./stats.js";

/** A cache as it is looked at. */
export interface CheckedCache {
  readonly name: string;
  readonly config: CacheConfig;
  readonly store: Store;
  /** `undefined`: there is nothing to compare with. */
  readonly source: Source | undefined;
  readonly counters: CacheCounters;
  /** Whether the outcome of a write to the key is being found out. */
  isUnresolved(key: string): boolean;
}

export interface CheckerParts {
  readonly caches: () => Iterable<CheckedCache>;
  readonly tenures: () => Iterable<Tenure>;
  readonly services: Pick<NodeServices, "tenureOf" | "mayFinish" | "fenced">;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const ROUND_MS = 1_000;

/** Entries and partitions that one round may pass by without finding anything to check. */
const MAX_STEPS = 20_000;

/** How long after the first look the second follows: answers of the database are here by then. */
const GRACE_MS = 2_000;

/** Most entries that wait for their second look. */
const MAX_SUSPECTS = 1_000;

/** An entry as it was when the row was asked for. */
interface Sample {
  readonly cache: CheckedCache;
  readonly tenure: Tenure;
  readonly key: string;
  readonly version: number;
  readonly isAbsence: boolean;
}

type Verdict = "same" | "newer" | "older";

interface Suspect extends Sample {
  readonly verdict: Verdict;
  readonly dueAtMs: number;
}

export class Checker implements Component {
  readonly name = "checker";
  readonly #parts: CheckerParts;
  readonly #checksPerSecond: number;
  readonly #stopping = new AbortController();
  /** Where the walk through each cache is. */
  readonly #walks = new WeakMap<CheckedCache, Iterator<Sample | undefined>>();
  #suspects: Suspect[] = [];
  /** Grows by one with each round, so that caches take turns. */
  #round = 0;
  #running: Promise<void> | undefined;

  /** @param checksPerSecond - entries of all caches together; 0: none. */
  constructor(parts: CheckerParts, checksPerSecond: number) {
    this.#parts = parts;
    this.#checksPerSecond = checksPerSecond;
  }

  async start(): Promise<void> {
    if (this.#checksPerSecond > 0) this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await delay(clock, ROUND_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#lookAgain();
        await this.#lookAtSome();
      } catch (error) {
        // The database is away or a fence is not set: there is nothing to compare with.
        logger.debug({ err: error }, "comparing entries with the database failed");
      }
    }
  }

  async #lookAtSome(): Promise<void> {
    const caches = [...this.#parts.caches()].filter(({ source }) => source !== undefined);
    let steps = MAX_STEPS;
    let left = this.#checksPerSecond;
    this.#round += 1;
    for (let turn = 0; turn < caches.length && left > 0 && steps > 0; turn++) {
      const cache = caches[(this.#round + turn) % caches.length];
      if (cache === undefined) continue;
      const taken = this.#take(cache, left, steps);
      steps -= taken.steps;
      left -= taken.samples.length;
      for (const { sample, verdict } of await this.#examine(taken.samples)) {
        sample.cache.counters.checked += 1;
        if (verdict !== "same") this.#suspect(sample, verdict);
      }
    }
  }

  async #lookAgain(): Promise<void> {
    const now = this.#parts.clock.monotonic();
    const due = this.#suspects.filter(({ dueAtMs }) => dueAtMs <= now);
    this.#suspects = this.#suspects.filter(({ dueAtMs }) => dueAtMs > now);
    const byCache = new Map<CheckedCache, Suspect[]>();
    for (const suspect of due) {
      byCache.set(suspect.cache, [...(byCache.get(suspect.cache) ?? []), suspect]);
    }
    for (const suspects of byCache.values()) {
      for (const { sample, verdict, rowVersion } of await this.#examine(suspects)) {
        if (verdict === sample.verdict) this.#convict(sample, rowVersion);
      }
    }
  }

  /** The next entries of a cache, and how much was passed by on the way to them. */
  #take(cache: CheckedCache, most: number, maxSteps: number): { samples: Sample[]; steps: number } {
    const walk = this.#walks.get(cache) ?? this.#walk(cache);
    this.#walks.set(cache, walk);
    const samples: Sample[] = [];
    let steps = 0;
    while (samples.length < most && steps < maxSteps) {
      steps += 1;
      const { done, value } = walk.next();
      if (done === true) {
        this.#walks.delete(cache);
        break;
      }
      if (value !== undefined) samples.push(value);
    }
    return { samples, steps };
  }

  /** Every clean entry of the partitions that are this node's, once; `undefined` for all else. */
  *#walk(cache: CheckedCache): Generator<Sample | undefined> {
    const { tenures, services, random } = this.#parts;
    for (const tenure of shuffled([...tenures()], random)) {
      yield undefined;
      for (const entry of cache.store.entriesOf(tenure.partition)) {
        if (services.tenureOf(tenure.partition) !== tenure) break;
        yield entry.pinned ? undefined : toSample(cache, tenure, entry);
      }
    }
  }

  /** Reads the rows of entries of one cache; tells of those that were the same all the while. */
  async #examine<Looked extends Sample>(
    samples: readonly Looked[],
  ): Promise<{ sample: Looked; verdict: Verdict; rowVersion: number }[]> {
    const { services } = this.#parts;
    const source = samples[0]?.cache.source;
    const unchanged = samples.filter((sample) => this.#isUnchanged(sample));
    if (source === undefined || unchanged.length === 0) return [];
    for (const tenure of new Set(unchanged.map((sample) => sample.tenure))) {
      await services.fenced(tenure);
    }
    const rows = await source.load(unchanged.map(({ key }) => key));
    return unchanged.flatMap((sample, index) => {
      const row = rows[index];
      if (row === undefined || row instanceof Error || !this.#isUnchanged(sample)) return [];
      return [{ sample, verdict: verdictOf(sample, row), rowVersion: row.version }];
    });
  }

  #isUnchanged({ cache, tenure, key, version }: Sample): boolean {
    const { services } = this.#parts;
    const { partition } = tenure;
    if (services.tenureOf(partition) !== tenure || tenure.state.at !== "serving") return false;
    if (!services.mayFinish(tenure) || cache.isUnresolved(key)) return false;
    const entry = cache.store.facts(key);
    return entry !== undefined && !entry.pinned && entry.version === version;
  }

  #suspect(sample: Sample, verdict: Verdict): void {
    if (this.#suspects.length >= MAX_SUSPECTS) return;
    const allowedMs = verdict === "older" ? allowedStalenessMs(sample.cache.config) : 0;
    if (allowedMs === Number.POSITIVE_INFINITY) return;
    const dueAtMs = this.#parts.clock.monotonic() + Math.max(GRACE_MS, allowedMs);
    this.#suspects.push({ ...sample, verdict, dueAtMs });
  }

  #convict({ cache, tenure, key, version, verdict }: Suspect, rowVersion: number): void {
    const { counters, name, store } = cache;
    if (verdict === "newer") counters.newerThanDatabase += 1;
    else counters.staleEntries += 1;
    this.#parts.logger.error(
      { cache: name, partition: tenure.partition, version, rowVersion },
      verdict === "newer"
        ? "a cached entry is newer than its row in the database: rows have gone back; it was dropped"
        : "a cached entry is older than its row in the database: somebody else writes it; it was dropped",
    );
    store.remove(key);
  }
}

/**
 * How long an entry may be older than its row. Of a cache that writes, this owner makes all versions, and
 * has each as soon as the database does. One that only reads learns of others' when an entry's life ends.
 */
function allowedStalenessMs({ pattern, ttlMs }: CacheConfig): number {
  if (pattern !== "read-through") return 0;
  return ttlMs === 0 ? Number.POSITIVE_INFINITY : ttlMs;
}

function toSample(cache: CheckedCache, tenure: Tenure, entry: Entry): Sample {
  const { key, version, value } = entry;
  return { cache, tenure, key, version, isAbsence: value === undefined };
}

function verdictOf({ version, isAbsence }: Sample, row: LoadedRow): Verdict {
  // Rows that only other programs ever wrote have no version that would tell one from another.
  const cached = version <= UNVERSIONED_ROW ? 0 : version;
  const stored = row.version <= UNVERSIONED_ROW ? 0 : row.version;
  // The tombstone of what is known to be deleted may have been removed.
  if (cached === stored || (isAbsence && stored === 0)) return "same";
  return cached > stored ? "newer" : "older";
}

/** Fisher and Yates. */
function shuffled<Item>(items: Item[], random: Random): Item[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    // Both places are within the list.
    [items[last], items[other]] = [items[other] as Item, items[last] as Item];
  }
  return items;
}
