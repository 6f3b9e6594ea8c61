/**
 * The end of the account: compares every row in the database with the last value acknowledged, or
 * with the first content where nothing was written. A row too few or too many is a difference.
 */
import type { Database } from "@holdfast/process";
import { entriesOf, rowsOf } from "./catalogue.js";
import type { Ledger } from "./ledger.js";
import type { Row, Table } from "./tables.js";

export interface Comparison {
  /** Rows that were looked at or missed. */
  readonly rows: number;
  readonly differences: number;
  /** The first few, for people. */
  readonly examples: readonly string[];
}

const EXAMPLES = 5;

/** The account of one comparison; also adds up several. */
class Account {
  rows = 0;
  differences = 0;
  readonly examples: string[] = [];

  difference(text: string): void {
    this.differences++;
    if (this.examples.length < EXAMPLES) this.examples.push(text);
  }
}

/** Compares a table that has one row for each product. */
export async function compareTable(
  database: Database,
  table: Table,
  options: { readonly products: number; readonly ledger: Ledger<Row> },
): Promise<Comparison> {
  const account = new Account();
  let nextId = 1;
  const miss = (upTo: number) => {
    for (; nextId < upTo; nextId++) {
      account.rows++;
      account.difference(`${table.name} ${nextId}: the row is missing`);
    }
  };
  for await (const rows of rowsOf(database, table)) {
    for (const row of rows) {
      miss(Math.min(row.id, options.products + 1));
      account.rows++;
      nextId = Math.max(nextId, row.id + 1);
      if (row.id > options.products) {
        account.difference(`${table.name} ${row.id}: nobody wrote this row`);
        continue;
      }
      const wanted = options.ledger.get(String(row.id)) ?? table.first(row.id);
      const wrong = table.columns.find((column) => row[column] !== wanted[column]);
      if (wrong !== undefined) {
        account.difference(
          `${table.name} ${row.id}: ${wrong} is ${row[wrong]}, acknowledged was ${wanted[wrong]}`,
        );
      }
    }
  }
  miss(options.products + 1);
  return account;
}

/** Compares a cache that lies in Holdfast's own table, its values being JSON. */
export async function compareEntries(
  database: Database,
  cache: string,
  ledger: Ledger<unknown>,
): Promise<Comparison> {
  const found = await entriesOf(database, cache);
  const account = new Account();
  const keys = new Set([...found.keys(), ...ledger.keys()]);
  account.rows = keys.size;
  for (const key of keys) {
    const wanted = ledger.get(key);
    const text = found.get(key);
    if (wanted === undefined) account.difference(`${cache} ${key}: nobody wrote this row`);
    else if (text === undefined) account.difference(`${cache} ${key}: the row is missing`);
    else if (text !== JSON.stringify(wanted)) {
      account.difference(
        `${cache} ${key}: the row is ${text}, acknowledged was ${JSON.stringify(wanted)}`,
      );
    }
  }
  return account;
}

export function addUp(comparisons: readonly Comparison[]): Comparison {
  return {
    rows: comparisons.reduce((sum, { rows }) => sum + rows, 0),
    differences: comparisons.reduce((sum, { differences }) => sum + differences, 0),
    examples: comparisons.flatMap(({ examples }) => examples).slice(0, EXAMPLES),
  };
}
