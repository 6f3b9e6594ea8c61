/**
 * Names of schemas, tables and columns inside statements. Only names that need no quoting are
 * taken, and they are quoted all the same.
 */
import { SQL_IDENTIFIER } from "../config/shared-options.js";

/** @throws {TypeError} when the name is not a plain identifier. */
export function quoteIdentifier(name: string): string {
  if (!SQL_IDENTIFIER.test(name)) {
    throw new TypeError(`${JSON.stringify(name)} is not a plain SQL identifier`);
  }
  return `"${name}"`;
}
