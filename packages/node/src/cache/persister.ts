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

const DONE: PersistOutcome = { at: "done" };
const SUPERSEDED: PersistOutcome = { at: "superseded" };
const BEHIND: PersistOutcome = { at: "behind" };
const LOST: PersistOutcome = { at: "lost" };

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
    const isOwned = ({ partition }: PersistRow) => owned.has(partition);
    const sent = rows.every(isOwned) ? rows : rows.filter(isOwned);
    if (sent.length === 0) return rows.map(() => LOST);
    const result = await this.#source.flush(incarnation, sent);
    if (result.at !== "flushed") throw await this.#notLive(result, incarnation);
    // There is a result and a tenure for each row that was sent.
    const outcomes = sent.map(({ partition }, index) =>
      this.#outcome(result.rows[index] as RowResult, owned.get(partition) as Tenure),
    );
    if (sent === rows) return outcomes;
    let next = 0;
    return rows.map((row) => (isOwned(row) ? (outcomes[next++] as PersistOutcome) : LOST));
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
   * Waits until former owners are fenced off; then tells which partitions are still this node's to
   * write, and under which name. Between the answer and the statement nothing may be awaited.
   */
  async #whenFenced(rows: readonly PersistRow[]): Promise<{
    readonly incarnation: Incarnation;
    readonly owned: ReadonlyMap<number, Tenure>;
  }> {
    const services = this.#services;
    const owned = new Map<number, Tenure>();
    for (const partition of new Set(rows.map((row) => row.partition))) {
      const tenure = services.tenureOf(partition);
      if (tenure !== undefined) owned.set(partition, tenure);
    }
    for (const tenure of owned.values()) await services.fenced(tenure);
    // A tenure ends with its incarnation, so one that is still held belongs to the present one.
    for (const [partition, tenure] of owned) {
      if (services.tenureOf(partition) !== tenure) owned.delete(partition);
    }
    return { incarnation: services.incarnation(), owned };
  }

  #outcome(result: RowResult, tenure: Tenure): PersistOutcome {
    if (result.at !== "higher") return DONE;
    if (!tenure.witness(result.version)) return SUPERSEDED;
    this.#services.raiseTerm(tenure, tenure.requiredTerm);
    return BEHIND;
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
