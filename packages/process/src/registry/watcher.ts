/**
 * Follows everything under a prefix: lists it, then applies the changes of a stream that starts at
 * the revision after the list. What a list and a stream are is the business of etcd-registry.ts.
 *
 * The stream is only an optimisation. Whatever happens to it (an error, an end, a compaction, a
 * registry that was wiped, a connection that fell silent) has one answer: close it and list again.
 * A stream that says nothing proves nothing either, so every few seconds a safety read compares
 * the keys' revisions with the state in hand; if they differ, the answer is the same.
 *
 * These hold: states are reported in the order of their revisions, unless the registry itself went
 * back; `readAtMs` is the send time of a linearizable read that the state is not older than.
 */
import { backoffMs, type Clock, delay, type Logger, type Random } from "@holdfast/core";
import type { RegistryEntry, RegistrySnapshot, RegistryWatch } from "./registry.js";

/** How often a watch compares what it knows with a read. */
export const SAFETY_READ_INTERVAL_MS = 5_000;

/** Waits of 100–200 ms at first, of 0.5–1 s in the end: a whole cluster returns to one registry. */
const RELIST_BACKOFF = { baseMs: 200, maxMs: 1_000 };

/** A key after a change; without an entry it was deleted. */
export interface Change {
  readonly key: string;
  readonly modRevision: number;
  readonly entry: RegistryEntry | undefined;
}

export interface ChangeListener {
  /** The server has accepted the stream. */
  onOpen(): void;
  /** All changes of one or more whole revisions, oldest first. */
  onChanges(changes: readonly Change[]): void;
  /** The stream is of no use any more. May be called again, and after `close()`. */
  onBroken(reason: Error): void;
}

export interface ChangeStream {
  close(): void;
}

/** What a watch needs from the registry. */
export interface WatchSource {
  /** A linearizable read; with `keysOnly` the values are left out. */
  list(prefix: string, keysOnly: boolean): Promise<RegistrySnapshot>;
  /** Changes under the prefix, from a revision (included) on. Never throws. */
  openStream(prefix: string, fromRevision: number, listener: ChangeListener): ChangeStream;
}

export interface PrefixWatchOptions {
  readonly source: WatchSource;
  readonly prefix: string;
  readonly onSnapshot: (snapshot: RegistrySnapshot) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class PrefixWatch implements RegistryWatch {
  readonly #options: PrefixWatchOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #state: RegistrySnapshot | undefined;
  /** Failures in a row, for the backoff. */
  #failures = 0;

  /** Starts at once. */
  constructor(options: PrefixWatchOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the watch was closed"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#listAndFollow();
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error);
        const pauseMs = backoffMs(this.#failures++, RELIST_BACKOFF, random);
        await delay(clock, pauseMs, signal).catch(() => {});
      }
    }
  }

  /** Returns when the state in hand turned out to be stale; throws when anything failed. */
  async #listAndFollow(): Promise<void> {
    const { source, prefix, clock } = this.#options;
    const broken = new AbortController();
    const signal = AbortSignal.any([broken.signal, this.#closing.signal]);
    const listed = await unlessAborted(source.list(prefix, false), signal);
    this.#publish(listed);
    const stream = source.openStream(prefix, listed.revision + 1, {
      onOpen: () => this.#recovered(signal),
      onChanges: (changes) => this.#apply(changes, signal),
      onBroken: (reason) => broken.abort(reason),
    });
    try {
      for (;;) {
        await delay(clock, SAFETY_READ_INTERVAL_MS, signal);
        const knownRevision = this.#state?.revision ?? 0;
        const read = await unlessAborted(source.list(prefix, true), signal);
        if (!this.#confirm(read, knownRevision)) return;
      }
    } finally {
      broken.abort(new Error("the stream was closed"));
      stream.close();
    }
  }

  #apply(changes: readonly Change[], signal: AbortSignal): void {
    const state = this.#state;
    if (signal.aborted || state === undefined) return;
    // A safety read may have shown the state of a later revision already.
    const news = changes.filter((change) => change.modRevision > state.revision);
    if (news.length === 0) return;
    const entries = new Map(state.entries);
    let revision = state.revision;
    for (const { key, modRevision, entry } of news) {
      if (entry === undefined) entries.delete(key);
      else entries.set(key, entry);
      revision = Math.max(revision, modRevision);
    }
    this.#publish({ revision, entries, readAtMs: state.readAtMs });
  }

  /**
   * Compares a safety read with the state in hand, of which `knownRevision` was known when the
   * read was sent.
   *
   * @returns whether they agree.
   */
  #confirm(read: RegistrySnapshot, knownRevision: number): boolean {
    const state = this.#state;
    if (state === undefined) return false;
    // A linearizable read cannot be older than what was known before it: the registry went back.
    if (read.revision < knownRevision) return false;
    const overtaken = read.revision < state.revision;
    if (!overtaken && !sameKeys(read.entries, state.entries)) return false;
    const revision = Math.max(read.revision, state.revision);
    this.#publish({ revision, entries: state.entries, readAtMs: read.readAtMs });
    return true;
  }

  #publish(state: RegistrySnapshot): void {
    this.#state = state;
    try {
      this.#options.onSnapshot(state);
    } catch (err) {
      // A defect of the listener. It must not end the watch of everybody else's state.
      this.#options.logger.error({ err, prefix: this.#options.prefix }, "watch listener failed");
    }
  }

  #report(err: unknown): void {
    const { logger, prefix } = this.#options;
    // Only the first of a series is news; an outage would fill the log.
    if (this.#failures === 0) logger.warn({ err, prefix }, "registry watch interrupted, retrying");
    else logger.debug({ err, prefix }, "registry watch still interrupted");
  }

  #recovered(signal: AbortSignal): void {
    if (signal.aborted || this.#failures === 0) return;
    this.#failures = 0;
    this.#options.logger.info({ prefix: this.#options.prefix }, "registry watch resumed");
  }
}

function sameKeys(
  left: ReadonlyMap<string, RegistryEntry>,
  right: ReadonlyMap<string, RegistryEntry>,
): boolean {
  if (left.size !== right.size) return false;
  for (const [key, { createRevision, modRevision }] of left) {
    const other = right.get(key);
    if (other?.modRevision !== modRevision || other.createRevision !== createRevision) return false;
  }
  return true;
}

/** The promise's outcome, or the signal's reason if it aborts first; the promise runs on unheard. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
