/**
 * What the dirty entries of one cache still wait for: the journal, the backups, the database. It
 * tells writes when they may be acknowledged, and reads and flushes whether an entry has reached
 * what its cache's level asks for: until then it could still be lost, and nobody may see it or send it on.
 */
import { CacheError } from "@holdfast/core";
import type { DirtyEntry } from "../write-behind/dirty-entry.js";
import type { AckNeeds } from "./ack-level.js";
import type { Confirmation } from "./cache-replication.js";
import type { Survival } from "./patterns/pattern.js";

/** Where a dirty entry is on its way to. */
export interface Dispatch {
  /** Resolves when the journal has it; `undefined`: there is none. */
  readonly recorded: Promise<void> | undefined;
  readonly confirmed: Confirmation;
}

interface PersistWaiter {
  readonly partition: number;
  readonly version: number;
  readonly resolve: () => void;
  readonly reject: (reason: CacheError) => void;
}

export class Acknowledgements {
  readonly #uncommitted = new Map<DirtyEntry, Promise<Survival>>();
  /** By key. */
  readonly #persistWaiters = new Map<string, PersistWaiter[]>();

  /**
   * Follows a new dirty entry until it is where its cache's level says it must be.
   *
   * @returns when that is; `undefined`: the level asks for nothing.
   */
  track(entry: DirtyEntry, dispatch: Dispatch, needs: AckNeeds): Promise<Survival> | undefined {
    if (!needs.journal && !needs.backup) return undefined;
    const survives = this.survives(dispatch, needs);
    if (!needs.backup) return survives;
    this.#uncommitted.set(entry, survives);
    const settled = () => this.#uncommitted.delete(entry);
    survives.then(settled, settled);
    return survives;
  }

  /** Resolves when the entry is where these needs say. @throws {CacheError} `OUTCOME_UNKNOWN` */
  async survives({ recorded, confirmed }: Dispatch, needs: AckNeeds): Promise<Survival> {
    const isBackedUp = needs.backup ? await confirmed() : true;
    if (needs.journal || !isBackedUp) {
      if (recorded === undefined) throw nowhere();
      await recorded;
    }
    return isBackedUp ? "whole" : "degraded";
  }

  /** `undefined`: the entry may be shown and sent on. */
  uncommitted(entry: DirtyEntry): Promise<Survival> | undefined {
    return this.#uncommitted.get(entry);
  }

  /** Resolves when the database has an entry, or a later write of its key. */
  persisted({ key, partition, version }: DirtyEntry): Promise<Survival> {
    return new Promise((resolve, reject) => {
      const waiters = this.#persistWaiters.get(key) ?? [];
      waiters.push({ partition, version, resolve: () => resolve("whole"), reject });
      this.#persistWaiters.set(key, waiters);
    });
  }

  /** An entry has left the queue. */
  settled(row: DirtyEntry, how: "persisted" | "parked"): void {
    const waiters = this.#persistWaiters.get(row.key);
    if (waiters === undefined) return;
    const later = waiters.filter(({ version }) => version > row.version);
    if (later.length === 0) this.#persistWaiters.delete(row.key);
    else this.#persistWaiters.set(row.key, later);
    for (const waiter of waiters) {
      if (waiter.version > row.version) continue;
      if (how === "persisted") waiter.resolve();
      else waiter.reject(parked());
    }
  }

  /** The partition is this node's no more. */
  drop(partition: number): void {
    for (const [key, waiters] of this.#persistWaiters) {
      if (waiters[0]?.partition !== partition) continue;
      this.#persistWaiters.delete(key);
      for (const { reject } of waiters) reject(lost());
    }
  }
}

function nowhere(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the write was made, but its backups are gone and this node has no journal",
  );
}

function parked(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the database refuses the row; it is among the dead letters",
  );
}

function lost(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the key's partition changed its owner while the write was on its way to the database",
  );
}
