/**
 * What a SQLSTATE means for the statement that got it. Pure: the table below is the whole decision.
 *
 * The question behind it is what a writer should do next: send the same rows again, keep them and
 * raise an alarm until an operator has mended something, or give up one of the rows. Codes that are
 * not listed count as "setup", because waiting loses nothing and giving a row up might.
 */

/**
 * - `transient`: the same statement may succeed when it is sent again;
 * - `row`: a row is at fault, and will be as long as it is what it is;
 * - `setup`: the database, its schema or its permissions need an operator.
 */
export type Fault = "transient" | "row" | "setup";

/** Appendix A of the PostgreSQL manual. Five characters name a condition, two its class. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "08": "transient",
  "21": "row",
  "22": "row",
  "23": "row",
  "25006": "transient",
  "38": "row",
  "39": "row",
  "40": "transient",
  "44": "row",
  "53": "transient",
  "54": "row",
  "55006": "transient",
  "55P03": "transient",
  "57": "transient",
  "58": "transient",
  P0: "row",
  XX: "transient",
};

/** Names for the conditions that operators meet most; others are reported by their code alone. */
const NAMES: Readonly<Record<string, string>> = {
  "22001": "value too long for its column",
  "22003": "number out of range",
  "22007": "invalid date or time",
  "22008": "date or time out of range",
  "22021": "character not in repertoire",
  "22P02": "invalid text for the column's type",
  "22P05": "character that the database cannot store",
  "23502": "null in a column that needs a value",
  "23503": "foreign key violated",
  "23505": "unique constraint violated",
  "23514": "check constraint violated",
  "25006": "the database is read-only",
  "28000": "login refused",
  "28P01": "wrong password",
  "3D000": "no such database",
  "3F000": "no such schema",
  "40001": "serialization failure",
  "40P01": "deadlock",
  "42501": "permission denied",
  "42703": "no such column",
  "42883": "no such function",
  "42P01": "no such table",
  "42P10": "no unique constraint on the key columns",
  "53100": "disk full",
  "53200": "out of memory",
  "53300": "too many connections",
  "55P03": "lock not available in time",
  "57014": "statement cancelled, or out of time",
  "57P01": "the server is shutting down",
  "57P03": "the server is not ready for connections",
  P0001: "refused by a trigger or function",
};

export function faultOf(sqlstate: string): Fault {
  return FAULTS[sqlstate] ?? FAULTS[sqlstate.slice(0, 2)] ?? "setup";
}

/** A phrase without anything that came from a row. */
export function describeSqlstate(sqlstate: string): string {
  const name = NAMES[sqlstate];
  return name === undefined ? `SQLSTATE ${sqlstate}` : `${name} (SQLSTATE ${sqlstate})`;
}

/**
 * Whether a connection is worth keeping after this error. It is after the errors of everyday work;
 * after any other a fresh one may find a promoted primary, a changed table, or a healthy server.
 */
export function leavesConnectionUsable(sqlstate: string): boolean {
  if (sqlstate === "55P03" || sqlstate === "57014") return true;
  return sqlstate.startsWith("40") || faultOf(sqlstate) === "row";
}
