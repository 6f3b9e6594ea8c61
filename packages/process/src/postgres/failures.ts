/**
 * From what the driver throws to a DatabaseError. The driver's errors hold values of rows in their
 * `detail`, and messages about URLs may hold passwords: what is passed on is chosen here.
 */
import { DatabaseError } from "./database-error.js";
import { describeSqlstate } from "./sqlstate.js";

/** The fields of the driver's errors that are read. */
interface DriverError {
  readonly message: string;
  /** A SQLSTATE when the server answered; a system code such as ECONNREFUSED otherwise. */
  readonly code?: string;
  /** Only the server's own errors have one. */
  readonly severity?: string;
  readonly constraint?: string;
}

/** Messages of the driver about a connection that it knew to be dead before it sent anything. */
const NOT_SENT = /not queryable|Client was closed|after calling end/i;

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Why a connection could not be made. Nothing was executed. */
export function connectFailure(reason: unknown, url: string): DatabaseError {
  const where = describeTarget(url);
  if (where === undefined) {
    const what = "the database URL is not valid; it reads postgres://user:password@host:port/name";
    return new DatabaseError("unavailable", what, { fault: "setup" });
  }
  const error = toDriverError(reason);
  if (error.severity !== undefined && error.code !== undefined) {
    // At this stage there is no row whose values the server could quote.
    const what = `${where}: ${error.message}`;
    return new DatabaseError("unavailable", what, { sqlstate: error.code });
  }
  if (/client password must be/.test(error.message)) {
    const what = `${where}: the server asks for a password and the URL has none`;
    return new DatabaseError("unavailable", what, { fault: "setup" });
  }
  return new DatabaseError("unavailable", `${where}: ${describeNetwork(error)}`);
}

/** What became of a statement that was handed to the driver. */
export function statementFailure(reason: unknown): DatabaseError {
  const error = toDriverError(reason);
  const { code, severity } = error;
  if (severity === undefined || code === undefined || !SQLSTATE.test(code)) {
    const kind = NOT_SENT.test(error.message) ? "unavailable" : "ambiguous";
    return new DatabaseError(kind, `the database connection broke: ${describeNetwork(error)}`);
  }
  // The server ends the connection with such an error, and may do so after the commit.
  if (severity === "FATAL" || severity === "PANIC") {
    const what = `the database ended the connection: ${describeSqlstate(code)}`;
    return new DatabaseError("ambiguous", what, { sqlstate: code });
  }
  return DatabaseError.refused({
    sqlstate: code,
    serverMessage: error.message,
    constraint: error.constraint,
  });
}

/** `database "name" at host:port`; `undefined` when the URL is none. */
function describeTarget(url: string): string | undefined {
  try {
    const { hostname, port, pathname, protocol } = new URL(url);
    if (protocol !== "postgres:" && protocol !== "postgresql:") return undefined;
    const name = decodeURIComponent(pathname.slice(1));
    return `database ${JSON.stringify(name)} at ${hostname || "localhost"}:${port || "5432"}`;
  } catch {
    return undefined;
  }
}

function describeNetwork(error: DriverError): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused (is the server running there?)";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host name cannot be resolved (${error.code})`;
    default:
  }
  if (/timeout/.test(error.message)) return "no connection in time";
  return error.code ?? error.message;
}

function toDriverError(reason: unknown): DriverError {
  // A name with several addresses fails with one error per address; the first stands for all.
  if (reason instanceof AggregateError && reason.errors[0] instanceof Error) {
    return reason.errors[0];
  }
  return reason instanceof Error ? reason : new Error(String(reason));
}
