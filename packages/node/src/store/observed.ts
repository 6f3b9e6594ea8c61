/** Tells the observer of a store what comes and goes in the partitions that it watches. */
import type { Entries } from "./entries.js";
import type { EntryView } from "./entry-view.js";
import type { StoreObserver } from "./store-options.js";

export class Observed {
  readonly #entries: Entries;
  readonly #view: EntryView;
  readonly #observer: StoreObserver | undefined;

  constructor(entries: Entries, view: EntryView, observer: StoreObserver | undefined) {
    this.#entries = entries;
    this.#view = view;
    this.#observer = observer;
  }

  /** An entry that is not pinned is there, or has changed. @param hash - of its key. */
  kept(id: number, hash: number): void {
    const observer = this.#observer;
    if (observer === undefined || observer.watched.size === 0) return;
    const partition = this.#entries.partitionOf(hash);
    if (observer.watched.has(partition)) observer.kept(this.#view.entry(id, hash));
  }

  /** An entry is about to go. @param hash - of its key. */
  gone(id: number, hash: number): void {
    const observer = this.#observer;
    if (observer === undefined || observer.watched.size === 0 || this.#view.isPinned(id)) return;
    const partition = this.#entries.partitionOf(hash);
    if (observer.watched.has(partition)) observer.gone(this.#view.key(id), partition);
  }

  /** All entries are about to go. */
  allGone(): void {
    for (const partition of this.#observer?.watched.keys() ?? []) {
      for (const id of this.#entries.idsOf(partition)) this.gone(id, this.#entries.hashOf(id));
    }
  }
}
