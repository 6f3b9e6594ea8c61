/**
 * Takes rows of one cache to its source, for write-through and write-behind alike: after fencing
 * former owners, under the node's present incarnation, and with what the database says about
 * ownership passed on to the node. It sends once; who calls decides about repeating.
 */
import { CacheError, termOf } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import type { FlushResult, FlushRow, Source } from "../database/source.js";
import type { Tenure } from "../ownership/tenure.js";
import type { NodeServices } from "./context.js";

/** A row to write, and its partition. */
export interface PersistRow extends FlushRow {
  readonly partition: number;
}

/**
 * `done`: the database has this version. `superseded`: it has a newer one, which stands. `behind`:
 * it has one of a term that this owner's does not reach; a higher term has been asked for, under
 * which the row must be written again.
 */
export type PersistOutcome =
  | { readonly at: "done" }
  | { readonly at: "superseded" }
  | { readonly at: "behind"; readonly minTerm: number };

/** The database no longer takes this incarnation's writes: nothing was written. */
export class DeposedError extends CacheError {
  override readonly name = "DeposedError";

  constructor() {
    super(
      "UNAVAILABLE",
      "this node has been replaced as the owner of the key; nothing was written",
    );
  }
}

export class Persister {
  readonly #source: Source;
  readonly #services: NodeServices;

  constructor(source: Source, services: NodeServices) {
    this.#source = source;
    this.#services = services;
  }

  /**
   * Sends the rows in one statement.
   *
   * @throws {DatabaseError} as the source does.
   * @throws {DeposedError} when the incarnation has been fenced, or a partition is not owned.
   */
  async send(rows: readonly PersistRow[]): Promise<PersistOutcome[]> {
    const tenures = rows.map((row) => this.#tenure(row));
    for (const tenure of new Set(tenures)) await this.#services.fenced(tenure);
    const result = await this.#source.flush(this.#services.incarnation(), rows);
    await this.#checkLive(result);
    if (result.at !== "flushed") throw new DeposedError();
    return result.rows.map((row, index) => {
      if (row.at !== "higher") return { at: "done" };
      // There is a tenure for every row.
      const tenure = tenures[index] as Tenure;
      if (termOf(row.version) <= tenure.term) return { at: "superseded" };
      const minTerm = termOf(row.version) + 1;
      this.#services.raiseTerm(tenure, minTerm);
      return { at: "behind", minTerm };
    });
  }

  /**
   * Parks a row that the database refuses.
   *
   * @throws {DatabaseError}, {DeposedError} as `send`.
   */
  async park(row: PersistRow, problem: DatabaseError): Promise<void> {
    await this.#services.fenced(this.#tenure(row));
    const result = await this.#source.deadLetter(this.#services.incarnation(), row, {
      sqlstate: problem.sqlstate ?? "",
      message: problem.serverMessage,
    });
    if (result.at !== "parked") await this.#checkLive(result);
  }

  #tenure({ partition }: PersistRow): Tenure {
    const tenure = this.#services.tenureOf(partition);
    if (tenure === undefined) throw new DeposedError();
    return tenure;
  }

  async #checkLive(result: Pick<FlushResult, "at">): Promise<void> {
    if (result.at === "fenced") {
      this.#services.deposed();
      throw new DeposedError();
    }
    if (result.at === "missing") {
      await this.#services.restoreIncarnation();
      throw new DatabaseError("unavailable", "the database had lost this node's incarnation row");
    }
  }
}
