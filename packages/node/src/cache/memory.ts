/**
 * The store as the patterns use it: keeping what was written and forgetting what was deleted, with
 * the cache's own rules about lifetimes and bounds. It finds the store anew each time, because a change
 * of configuration may replace it.
 */
import type { Clock } from "@holdfast/core";
import type { CacheConfig } from "@holdfast/process";
import type { Entry, EntryFacts, FoundEntry, NewEntry } from "../store/entry.js";
import type { OccupancyBounds } from "../store/occupancy.js";
import type { Store } from "../store/store.js";
import { withOwnSoftTtl } from "./own-soft-ttl.js";
import type { Mutation } from "./patterns/pattern.js";

/** Share of the bounds that writes may take which the database refuses: the rest is for those it takes. */
const UNPERSISTED_SHARE = 0.1;

export class Memory {
  readonly #store: () => Store;
  readonly #config: () => CacheConfig;
  readonly #clock: Clock;

  constructor(store: () => Store, config: () => CacheConfig, clock: Clock) {
    this.#store = store;
    this.#config = config;
    this.#clock = clock;
  }

  /** Keeps a clean copy of what was written. @throws {CacheError} when there is no room for it. */
  keep(mutation: Mutation): void {
    this.#store().put(toEntry(mutation, false));
  }

  /** As `keep`, of what is in the database: where there is no room, no copy stays at all. */
  keepIfRoom(mutation: Mutation): void {
    if (!this.#store().tryPut(toEntry(mutation, false))) this.remove(mutation.key);
  }

  /** Keeps a dirty entry, a deletion too, until `clean`. @throws {CacheError} as `keep`. */
  keepDirty(mutation: Mutation): void {
    this.#store().put(toEntry(mutation, true));
  }

  /** As `keepDirty`, of what another owner has acknowledged: it is kept, whatever the bounds say. */
  adoptDirty(mutation: Mutation): void {
    this.#store().putBeyondBounds(toEntry(mutation, true));
  }

  /** The database has caught up with a dirty entry of this version. */
  clean(key: string, version: number): void {
    const facts = this.facts(key);
    if (facts === undefined || !facts.pinned || facts.version !== version) return;
    if (facts.isAbsence) this.rememberAbsent(key, version);
    else this.#store().unpin(key);
  }

  /** The database refuses a dirty entry of this version: it stays, as one of a bounded number. */
  keepUnpersisted(key: string, version: number): void {
    const store = this.#store();
    if (store.facts(key)?.version !== version) return;
    store.keepUnpersisted(key, unpersistedBounds(this.#config(), store.bounds));
  }

  /** Takes what another store kept pinned: all that is dirty, then as much of the rest as may be kept. */
  takePinned(entries: Iterable<Entry>): void {
    const store = this.#store();
    for (const entry of entries) {
      if (!entry.unpersisted) store.put(entry);
      else if (store.tryPut(entry)) this.keepUnpersisted(entry.key, entry.version);
    }
  }

  /** Keeps the knowledge that there is no such row, for as long as the cache is told to. */
  rememberAbsent(key: string, version: number): void {
    const { negativeTtlMs } = this.#config();
    this.remove(key);
    if (negativeTtlMs === 0) return;
    const expiresAtMs = this.#clock.now() + negativeTtlMs;
    const negative = { key, value: undefined, encoding: 0, version, expiresAtMs };
    // Where there is no room to remember it, the next read asks the database.
    this.#store().tryPut({ ...negative, pinned: false });
  }

  find(key: string): FoundEntry | undefined {
    return this.#store().peek(key);
  }

  /** As `find`, without a copy of the value. */
  facts(key: string): EntryFacts | undefined {
    return this.#store().facts(key);
  }

  remove(key: string): void {
    this.#store().remove(key);
  }
}

/** A tenth of what may be dirty, and of what the store may hold. */
function unpersistedBounds({ writeBehind }: CacheConfig, bounds: OccupancyBounds): OccupancyBounds {
  const { queueMaxEntries, queueMaxBytes } = writeBehind;
  return {
    maxEntries: UNPERSISTED_SHARE * Math.min(queueMaxEntries, bounds.maxEntries),
    maxBytes: UNPERSISTED_SHARE * Math.min(queueMaxBytes, bounds.maxBytes),
  };
}

function toEntry(mutation: Mutation, pinned: boolean): NewEntry {
  const { key, version, copyExpiresAtMs: expiresAtMs, softTtlMs } = mutation;
  return { key, ...withOwnSoftTtl(mutation, softTtlMs), version, expiresAtMs, pinned };
}
