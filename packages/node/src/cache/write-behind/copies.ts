/**
 * Where the dirty entries of one cache are besides the owner's memory: in the journal and on the
 * backups. It sends them there, tells writes when they may be acknowledged, and reads and flushes
 * whether an entry has reached what its cache's level asks for: until then it could still be lost, and
 * nobody may see it or send it on.
 */
import { CacheError } from "@holdfast/core";
import type { WriteBehindAck } from "@holdfast/process";
import type { DirtyEntry } from "../../write-behind/dirty-entry.js";
import { type AckNeeds, needsOf } from "../ack-level.js";
import type { CacheJournal } from "../cache-journal.js";
import type { CacheReplication, Confirmation } from "../cache-replication.js";
import type { OperationContext } from "../context.js";
import { toDirtyRecord } from "../dirty-record.js";
import type { Survival } from "../patterns/pattern.js";

/** Where a dirty entry is on its way to. */
export interface Dispatch {
  /** Resolves when the journal has it; `undefined`: there is none. */
  readonly recorded: Promise<void> | undefined;
  readonly confirmed: Confirmation;
}

export interface CopiesOptions {
  readonly cacheId: number;
  /** What the cache's writes survive when they are acknowledged. */
  readonly ack: () => WriteBehindAck;
  /** `undefined`: the node has none. */
  readonly journal: CacheJournal | undefined;
  readonly replication: CacheReplication;
}

export class Copies {
  readonly #options: CopiesOptions;
  readonly #uncommitted = new Map<DirtyEntry, Promise<Survival>>();

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** What the cache's own level asks for. */
  get ownNeeds(): AckNeeds {
    return needsOf(this.#options.ack(), undefined);
  }

  /** @throws {CacheError} when a write cannot get where it is to be: nothing was written. */
  check({ tenure, ack }: OperationContext): void {
    const { journal, replication } = this.#options;
    const needs = needsOf(this.#options.ack(), ack);
    if (!replication.keepsUp(tenure.partition)) {
      throw new CacheError("OVERLOADED", "a backup does not keep up; nothing was written");
    }
    const isDegraded = needs.backup && !replication.isBackedUp(tenure.partition);
    if (!needs.journal && !isDegraded) return;
    if (journal === undefined) throw needs.journal ? noJournal() : noBackup();
    if (journal.problem === undefined) return;
    const problem = `the journal cannot be written (${journal.problem}); nothing was written`;
    throw new CacheError("OVERLOADED", problem);
  }

  /** Sends an entry on its way. */
  send(entry: DirtyEntry, { journal: isRecorded }: AckNeeds): Dispatch {
    const { cacheId, journal, replication } = this.#options;
    const record = toDirtyRecord(cacheId, entry);
    const confirmed = replication.write(record, isRecorded);
    return { recorded: journal?.write(record), confirmed };
  }

  /**
   * Follows an entry until it is where its cache's level says it must be.
   *
   * @param onSettled - called when that is decided, where backups have a say in it.
   * @returns when that is; `undefined`: the level asks for nothing.
   */
  track(
    entry: DirtyEntry,
    dispatch: Dispatch,
    onSettled: (entry: DirtyEntry) => void,
  ): Promise<Survival> | undefined {
    const needs = this.ownNeeds;
    if (!needs.journal && !needs.backup) return undefined;
    const survives = this.survives(dispatch, needs);
    if (needs.backup) this.#uncommitted.set(entry, survives);
    const settled = () => {
      if (this.#uncommitted.delete(entry)) onSettled(entry);
    };
    // Not every entry has a writer that waits for it.
    survives.then(settled, settled);
    return survives;
  }

  /** Resolves when the entry is where these needs say. @throws {CacheError} `OUTCOME_UNKNOWN` */
  async survives({ recorded, confirmed }: Dispatch, needs: AckNeeds): Promise<Survival> {
    const isBackedUp = needs.backup ? await confirmed() : true;
    if (needs.journal || !isBackedUp) {
      if (recorded === undefined) throw nowhere();
      try {
        await recorded;
      } catch (error) {
        throw notRecorded(error);
      }
    }
    return isBackedUp ? "whole" : "degraded";
  }

  /** `undefined`: the entry may be shown and sent on. */
  uncommitted(entry: DirtyEntry): Promise<Survival> | undefined {
    return this.#uncommitted.size === 0 ? undefined : this.#uncommitted.get(entry);
  }

  /** Whether some entries may not be shown and sent on yet. */
  get hasUncommitted(): boolean {
    return this.#uncommitted.size > 0;
  }

  /** The database has these entries, or later ones of their keys. */
  forget(entries: readonly DirtyEntry[]): void {
    const { journal, replication } = this.#options;
    journal?.forget(entries);
    replication.clean(entries);
  }
}

function notRecorded(error: unknown): CacheError {
  const why = error instanceof Error ? error.message : String(error);
  const problem = `the write was made, but the journal could not record it: ${why}`;
  return new CacheError("OUTCOME_UNKNOWN", problem, { cause: error });
}

function nowhere(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the write was made, but its backups are gone and this node has no journal",
  );
}

function noJournal(): CacheError {
  return new CacheError(
    "INVALID_ARGUMENT",
    "the write is to survive in a journal, and this node has none: set its journal.dir, or the cache's writeBehind.ack to memory or backup",
  );
}

function noBackup(): CacheError {
  return new CacheError(
    "UNAVAILABLE",
    "no backup of the key's partition is in sync, and this node has no journal instead; nothing was written",
  );
}
