/**
 * The one error that leaves this folder: what is known about the statement, and never a password,
 * a value of a row, or the driver's own error, whose fields hold such values.
 */
import { describeSqlstate, type Fault, faultOf } from "./sqlstate.js";

/**
 * - `unavailable`: the statement never reached the server; nothing was executed;
 * - `ambiguous`: it was sent, and no answer came: it may or may not have been executed;
 * - `refused`: the server answered with an error; nothing of the statement remains.
 */
export type DatabaseErrorKind = "unavailable" | "ambiguous" | "refused";

export interface DatabaseErrorDetails {
  readonly sqlstate?: string | undefined;
  /** The server's own sentence. It may quote a value of a row. */
  readonly serverMessage?: string | undefined;
  readonly constraint?: string | undefined;
  /** Where no SQLSTATE tells it. Default: `transient`. */
  readonly fault?: Fault;
}

export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly kind: DatabaseErrorKind;
  readonly sqlstate: string | undefined;
  readonly fault: Fault;
  /** Hidden from loggers, which copy the enumerable fields of an error. */
  readonly #serverMessage: string | undefined;

  constructor(kind: DatabaseErrorKind, message: string, details: DatabaseErrorDetails = {}) {
    super(message);
    this.kind = kind;
    this.sqlstate = details.sqlstate;
    const fault = details.fault ?? "transient";
    this.fault = details.sqlstate === undefined ? fault : faultOf(details.sqlstate);
    this.#serverMessage = details.serverMessage;
  }

  /** An error with which the server answered a statement. */
  static refused(details: DatabaseErrorDetails & { readonly sqlstate: string }): DatabaseError {
    const where = details.constraint === undefined ? "" : `, constraint "${details.constraint}"`;
    const what = `the database refused the statement: ${describeSqlstate(details.sqlstate)}${where}`;
    return new DatabaseError("refused", what, details);
  }

  /**
   * Whether the same rows are worth sending again: at once or later, perhaps after an operator has
   * mended the database. False only when one of the rows is itself at fault.
   */
  get retryable(): boolean {
    return this.fault !== "row";
  }

  /**
   * The server's own sentence, which may quote a value of a row. For a dead letter, which holds
   * the row anyway; not for logs.
   */
  get serverMessage(): string {
    return this.#serverMessage ?? this.message;
  }
}
