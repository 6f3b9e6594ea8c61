/**
 * How a write becomes a dirty entry: it is sent to its copies, known as uncommitted until it has
 * reached them, and put into the queue.
 */
import { costOf } from "../../store/cost.js";
import { createDirtyEntry, type DirtyEntry } from "../../write-behind/dirty-entry.js";
import type { WriteBehindQueue } from "../../write-behind/queue.js";
import type { AckNeeds } from "../ack-level.js";
import type { Loads } from "../loads.js";
import type { Mutation, Survival } from "../patterns/pattern.js";
import type { Copies, Dispatch } from "./copies.js";
import { ownBytes } from "./own-bytes.js";

/** What there is to know of a dirty entry beyond the write itself. */
export interface DirtyFacts {
  readonly writtenAtMs: number;
  readonly isReplayed: boolean;
  readonly needs: AckNeeds;
}

/** A new dirty entry, and where it is on its way to. */
export interface Added {
  readonly entry: DirtyEntry;
  readonly dispatch: Dispatch;
  /** When it is where its cache's level says; `undefined`: it is. */
  readonly committed: Promise<Survival> | undefined;
}

export class DirtyWrites {
  readonly #copies: Copies;
  readonly #loads: Loads;
  readonly #queue: () => WriteBehindQueue;
  /** Grows when the cache is cleared: entries of an earlier one are dropped once they are clean. */
  #generation = 0;

  /** @param queue - made after this, because what it sends to needs this. */
  constructor(copies: Copies, loads: Loads, queue: () => WriteBehindQueue) {
    this.#copies = copies;
    this.#loads = loads;
    this.#queue = queue;
  }

  /** The newest write of a key that the database does not have. */
  newest({ key, partition }: DirtyEntry): DirtyEntry | undefined {
    return this.#queue().get(key, partition);
  }

  /** Sends what memory keeps as dirty on its way. */
  add(
    { key, partition, version, value, encoding, rowExpiresAtMs: expiresAtMs }: Mutation,
    { writtenAtMs, isReplayed, needs }: DirtyFacts,
  ): Added {
    this.#loads.detach(key);
    const entry = createDirtyEntry({
      key,
      partition,
      version,
      value: value && ownBytes(value),
      encoding,
      expiresAtMs,
      writtenAtMs,
      isReplayed,
      bytes: costOf(key, value),
      generation: this.#generation,
    });
    // Recorded, and known to be uncommitted, before it can be flushed or forgotten.
    const { dispatch, committed } = this.dispatch(entry, needs);
    // What is replayed has waited long enough, and so has somebody who waits for the database.
    this.#queue().put(entry, isReplayed || needs.database);
    return { entry, dispatch, committed };
  }

  /** Sends an entry to its copies, under the version that it has now. */
  dispatch(entry: DirtyEntry, needs: AckNeeds): Omit<Added, "entry"> {
    const dispatch = this.#copies.send(entry, needs);
    // A flush may have found it too early.
    const committed = this.#copies.track(entry, dispatch, (row) => this.#queue().hasten(row));
    return { dispatch, committed };
  }

  /** What is dirty now is to be forgotten as soon as the database has it. */
  clear(): void {
    this.#generation += 1;
  }

  isCleared(entry: DirtyEntry): boolean {
    return entry.generation !== this.#generation;
  }
}
