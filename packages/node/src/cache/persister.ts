/**
 * Takes rows of one cache to its source, for write-through and write-behind alike: after fencing
 * former owners, under the node's present incarnation, and with what the database says about
 * ownership passed on to the node. It sends once; who calls decides about repeating.
 */
import { CacheError, type Incarnation } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import type { FlushRow, NotLive, RowResult, Source } from "../database/source.js";
import type { Tenure } from "../ownership/tenure.js";
import type { NodeServices } from "./context.js";

/** A row to write, and its partition. */
export interface PersistRow extends FlushRow {
  readonly partition: number;
}

/**
 * `done`: the database has this version. `superseded`: it has a newer one, which stands. `behind`:
 * it has one that others gave under this term or a later one; a higher term has been asked for, under
 * which the row must be written again. `lost`: it was not sent, because its partition is not this
 * node's any more.
 */
export type PersistOutcome = { readonly at: "done" | "superseded" | "behind" | "lost" };

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
   * Sends the rows in one statement. Outcomes are in the order of the rows.
   *
   * @throws {DatabaseError} as the source does.
   * @throws {DeposedError} when the incarnation has been fenced.
   */
  async send(rows: readonly PersistRow[]): Promise<PersistOutcome[]> {
    const { incarnation, owned } = await this.#whenFenced(rows);
    const outcomes = new Map<PersistRow, PersistOutcome>();
    if (owned.size > 0) {
      const sent = [...owned.keys()];
      const result = await this.#source.flush(incarnation, sent);
      if (result.at !== "flushed") throw await this.#notLive(result, incarnation);
      for (const [index, row] of sent.entries()) {
        // There is a result and a tenure for each row that was sent.
        const rowResult = result.rows[index] as RowResult;
        outcomes.set(row, this.#outcome(rowResult, owned.get(row) as Tenure));
      }
    }
    return rows.map((row) => outcomes.get(row) ?? { at: "lost" });
  }

  /**
   * Parks a row that the database refuses.
   *
   * @throws {DatabaseError}, {DeposedError} as `send`.
   */
  async park(row: PersistRow, problem: DatabaseError): Promise<void> {
    const { incarnation, owned } = await this.#whenFenced([row]);
    if (owned.size === 0) throw new DeposedError();
    const result = await this.#source.deadLetter(incarnation, row, {
      sqlstate: problem.sqlstate ?? "",
      message: problem.serverMessage,
    });
    if (result.at !== "parked") throw await this.#notLive(result, incarnation);
  }

  /** As the source. @throws {DatabaseError} */
  tombstonesGoneUntil(): Promise<number | undefined> {
    return this.#source.tombstonesGoneUntil();
  }

  /**
   * Waits until former owners are fenced off; then tells which rows are still this node's to write,
   * and under which name. Between the answer and the statement nothing may be awaited.
   */
  async #whenFenced(rows: readonly PersistRow[]): Promise<{
    readonly incarnation: Incarnation;
    readonly owned: ReadonlyMap<PersistRow, Tenure>;
  }> {
    const services = this.#services;
    const before = new Map(rows.map((row) => [row, services.tenureOf(row.partition)]));
    for (const tenure of new Set(before.values())) {
      if (tenure !== undefined) await services.fenced(tenure);
    }
    // A tenure ends with its incarnation, so one that is still held belongs to the present one.
    const owned = new Map<PersistRow, Tenure>();
    for (const [row, tenure] of before) {
      if (tenure !== undefined && services.tenureOf(row.partition) === tenure) {
        owned.set(row, tenure);
      }
    }
    return { incarnation: services.incarnation(), owned };
  }

  #outcome(result: RowResult, tenure: Tenure): PersistOutcome {
    if (result.at !== "higher") return { at: "done" };
    if (!tenure.witness(result.version)) return { at: "superseded" };
    this.#services.raiseTerm(tenure, tenure.requiredTerm);
    return { at: "behind" };
  }

  /** What it means that nothing was written. */
  async #notLive(result: NotLive, incarnation: Incarnation): Promise<Error> {
    if (result.at === "fenced") {
      this.#services.deposed(incarnation);
      return new DeposedError();
    }
    await this.#services.restoreIncarnation();
    return new DatabaseError("unavailable", "the database had lost this node's incarnation row");
  }
}
