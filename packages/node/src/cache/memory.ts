/**
 * The store as the patterns use it: keeping what was written and forgetting what was deleted, with
 * the cache's own rules about lifetimes. It finds the store anew each time, because a change of
 * configuration may replace it.
 */
import type { Clock } from "@holdfast/core";
import type { Entry, NewEntry } from "../store/entry.js";
import type { Store } from "../store/store.js";
import type { Lifetimes } from "./lifetimes.js";
import type { Mutation } from "./patterns/pattern.js";

export class Memory {
  readonly #store: () => Store;
  readonly #lifetimes: () => Lifetimes;
  readonly #clock: Clock;

  constructor(store: () => Store, lifetimes: () => Lifetimes, clock: Clock) {
    this.#store = store;
    this.#lifetimes = lifetimes;
    this.#clock = clock;
  }

  /** Keeps a clean copy of what was written. @throws {CacheError} when there is no room for it. */
  keep(mutation: Mutation): Entry {
    return this.#store().put(toEntry(mutation, false));
  }

  /** As `keep`, of what is in the database: where there is no room, no copy stays at all. */
  keepIfRoom(mutation: Mutation): void {
    const kept = this.#store().tryPut(toEntry(mutation, false));
    if (kept === undefined) this.remove(mutation.key, mutation.partition);
  }

  /** Keeps a dirty entry, a deletion too, until `clean`. @throws {CacheError} as `keep`. */
  keepDirty(mutation: Mutation): Entry {
    return this.#store().put(toEntry(mutation, true));
  }

  /** As `keepDirty`, of what another owner has acknowledged: it is kept, whatever the bounds say. */
  adoptDirty(mutation: Mutation): Entry {
    return this.#store().putBeyondBounds(toEntry(mutation, true));
  }

  /** The database has caught up with a dirty entry of this version. */
  clean(key: string, partition: number, version: number): void {
    const entry = this.#store().peek(key, partition);
    if (entry === undefined || !entry.pinned || entry.version !== version) return;
    if (entry.value !== undefined) this.#store().unpin(entry);
    else this.rememberAbsent(key, partition, version);
  }

  /** Keeps the knowledge that there is no such row, for as long as the cache is told to. */
  rememberAbsent(key: string, partition: number, version: number): void {
    const { negativeTtlMs } = this.#lifetimes();
    this.remove(key, partition);
    if (negativeTtlMs === 0) return;
    const expiresAtMs = this.#clock.now() + negativeTtlMs;
    const negative = { key, partition, value: undefined, encoding: 0, version, expiresAtMs };
    // Where there is no room to remember it, the next read asks the database.
    this.#store().tryPut({ ...negative, pinned: false });
  }

  find(key: string, partition: number): Entry | undefined {
    return this.#store().peek(key, partition);
  }

  remove(key: string, partition: number): void {
    this.#store().remove(key, partition);
  }
}

function toEntry(mutation: Mutation, pinned: boolean): NewEntry {
  const { key, partition, value, encoding, version, copyExpiresAtMs: expiresAtMs } = mutation;
  return { key, partition, value, encoding, version, expiresAtMs, pinned };
}
