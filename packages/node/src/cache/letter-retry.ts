/**
 * Sends a dead letter to the database once more, at the owner of its key and in the key's turn, under the
 * version with which the write was acknowledged. So it overtakes nothing: what the key's row or a dirty
 * entry has that is newer stands, and the letter stays where people see it.
 *
 * Memory stays as it is until the database has the letter, which may be refused again: where it shows the
 * letter, flagged as unpersisted, it goes on doing so. What was cached is dropped in the tick in which the
 * answer comes.
 *
 * A letter that was held back, because its key may have been deleted since without a trace, is written
 * only onto a row: an older write never brings a key back.
 */
import { backoffMs, CacheError, type Clock, delay, type Random } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import type { DeadLetter, DeadLetterStore, LetterName } from "../database/dead-letters.js";
import type { DirtyEntry } from "../write-behind/dirty-entry.js";
import type { NodeServices, OperationContext } from "./context.js";
import type { Loads } from "./loads.js";
import type { Memory } from "./memory.js";
import { DeposedError, type Persister, type PersistOutcome, type PersistRow } from "./persister.js";

/**
 * What became of a letter. `written`: the database has it, and it is a letter no more. `superseded`: a later
 * write of the key stands. `refused`: it is still a letter, for the reason given. `gone`: there is no
 * such letter.
 */
export type RetriedLetter =
  | { readonly at: "written" | "gone" }
  | { readonly at: "superseded"; readonly laterVersion: number }
  | { readonly at: "refused"; readonly sqlstate: string; readonly message: string };

export interface LetterRetryParts {
  readonly cache: string;
  /** The dirty entry of a key. */
  readonly dirty: (key: string, partition: number) => DirtyEntry | undefined;
  readonly persister: Persister;
  readonly loads: Loads;
  readonly memory: Memory;
  readonly letters: DeadLetterStore;
  readonly services: NodeServices;
  readonly clock: Clock;
  readonly random: Random;
}

const RETRY = { baseMs: 20, maxMs: 1_000 };

export class LetterRetry {
  readonly #parts: LetterRetryParts;
  readonly #stopping = new AbortController();

  constructor(parts: LetterRetryParts) {
    this.#parts = parts;
  }

  /**
   * To be called in the key's turn.
   *
   * @throws {CacheError} `UNAVAILABLE`, `DEADLINE_EXCEEDED`: nothing was written. `OUTCOME_UNKNOWN`: it may
   *   have been, or was, and is still a letter. It may be retried in any case.
   */
  async retry(key: string, version: number, context: OperationContext): Promise<RetriedLetter> {
    const { cache, letters, loads, services, dirty } = this.#parts;
    const { tenure } = context;
    const name: LetterName = { cache, key, version };
    const letter = await fromDatabase(letters.find(name));
    if (letter === undefined) return { at: "gone" };
    const row = await loads.row(key, context);
    if (!services.mayFinish(tenure)) throw lostRight();
    const pending = dirty(key, tenure.partition);
    if (pending !== undefined && pending.version > version) return superseded(pending.version);
    if (pending !== undefined)
      throw later("an older write of the key is on its way to the database");
    if (row.version > version) return superseded(row.version);
    if (row.version === 0 && letter.sqlstate === "") return heldBack(letter);
    if (tenure.witness(version)) {
      services.raiseTerm(tenure, tenure.requiredTerm);
      throw later("the letter has a version of a higher term than its owner, which asks for one");
    }
    const { partition } = tenure;
    const { value, encoding, expiresAtMs } = letter;
    const outcome = await this.#send(
      { key, partition, version, value, encoding, expiresAtMs },
      context,
    );
    return await this.#settle(name, outcome, context);
  }

  /** Ends the search for unknown outcomes. */
  stop(): void {
    this.#stopping.abort(new Error("stopping"));
  }

  async #settle(
    name: LetterName,
    outcome: PersistOutcome | DatabaseError,
    context: OperationContext,
  ): Promise<RetriedLetter> {
    const { letters, loads } = this.#parts;
    if (outcome instanceof DatabaseError) {
      const problem = { sqlstate: outcome.sqlstate ?? "", message: outcome.serverMessage };
      await fromDatabase(letters.noteProblem(name, problem));
      return { at: "refused", ...problem };
    }
    if (outcome.at === "superseded") {
      const { version } = await loads.row(name.key, context);
      return superseded(version);
    }
    if (outcome.at === "behind") throw later("the key's owner waits for a higher term");
    await letters.remove([name]).catch((error: unknown) => {
      const problem = "the row is written, but the letter could not be removed; retry it again";
      throw new CacheError("OUTCOME_UNKNOWN", problem, { cause: error });
    });
    return { at: "written" };
  }

  /**
   * Repeats the statement until the database says what became of it, or the partition is lost. Returns the
   * refusal where the row itself is refused.
   */
  async #send(row: PersistRow, context: OperationContext): Promise<PersistOutcome | DatabaseError> {
    const { persister, clock, random } = this.#parts;
    let mayBeWritten = false;
    for (let attempt = 0; ; attempt++) {
      try {
        const [outcome] = await persister.send([row]);
        if (outcome === undefined || outcome.at === "lost") throw new DeposedError();
        if (outcome.at !== "behind") this.#forget(row, context);
        return outcome;
      } catch (error) {
        if (isRowRefused(error)) return error;
        mayBeWritten ||= error instanceof DatabaseError && error.kind === "ambiguous";
        if (!mayBeWritten) throw nothingWritten(error);
        if (this.#stopping.signal.aborted || context.tenure.state.at === "ended") {
          this.#forget(row, context);
          throw outcomeUnknown(error);
        }
        const waitMs = backoffMs(attempt, RETRY, random);
        await delay(clock, waitMs, this.#stopping.signal).catch(() => {});
      }
    }
  }

  /**
   * What is cached, and what is being loaded, may be from before the letter was written; but not a later
   * write that the database refuses as well.
   */
  #forget({ key, partition, version }: PersistRow, { tenure }: OperationContext): void {
    const { loads, memory, services, dirty } = this.#parts;
    loads.detach(key);
    if (services.tenureOf(partition) !== tenure || dirty(key, partition) !== undefined) return;
    const held = memory.facts(key);
    if (held?.unpersisted && held.version > version) return;
    memory.remove(key);
  }
}

function superseded(laterVersion: number): RetriedLetter {
  return { at: "superseded", laterVersion };
}

function heldBack({ message }: DeadLetter): RetriedLetter {
  return {
    at: "refused",
    sqlstate: "",
    message: `${message}; the key has no row now and may have been deleted since: set it anew if it should be there, and drop the letter`,
  };
}

function isRowRefused(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.kind === "refused" && error.fault === "row";
}

function later(why: string): CacheError {
  return new CacheError("UNAVAILABLE", `${why}; nothing was written, try again`);
}

function lostRight(): CacheError {
  return new CacheError("UNAVAILABLE", "this node lost its right to serve; nothing was written");
}

function nothingWritten(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  return new CacheError("UNAVAILABLE", `nothing was written: ${error.message}`, { cause: error });
}

function outcomeUnknown(error: unknown): CacheError {
  const problem = "the database did not say whether the letter was written; retry it again";
  return new CacheError("OUTCOME_UNKNOWN", problem, { cause: error });
}

/** Failures of the store of letters: nothing has been written to the row. */
async function fromDatabase<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    throw nothingWritten(error);
  }
}
