import type { Database, Statement } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { addUp, compareEntries, compareTable } from "./differences.js";
import { Ledger } from "./ledger.js";
import { type Row, STOCK } from "./tables.js";

/** A table in memory, read by the one kind of statement that the comparison sends. */
function databaseOf(stored: readonly object[]): Database {
  return {
    schema: "public",
    async query<Row>({ values, text }: Statement) {
      const [after] = values;
      const found = stored.filter(
        (row) => typeof after !== "number" || (row as { id: number }).id > after,
      );
      const limit = Number(/LIMIT (\d+)/.exec(text)?.[1] ?? found.length);
      const rows = found.slice(0, limit) as Row[];
      return { rows, rowCount: rows.length };
    },
    openSession: () => Promise.reject(new Error("not used")),
    close: () => Promise.resolve(),
  };
}

const stockRows = (count: number): (Row & { readonly id: number })[] =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, ...STOCK.first(index + 1) }));

describe("the comparison of a table", () => {
  it("finds no difference in a fresh catalogue, however many reads it takes", async () => {
    const products = 45_000;
    const found = await compareTable(databaseOf(stockRows(products)), STOCK, {
      products,
      ledger: new Ledger<Row>(),
    });
    expect(found).toMatchObject({ rows: products, differences: 0, examples: [] });
  });

  it("finds every row that is not what was acknowledged last", async () => {
    const rows = stockRows(6);
    const ledger = new Ledger<Row>();
    // Written and arrived; written and not arrived; arrived and never written; missing at both ends.
    rows[1] = { id: 2, quantity: 77, revision: 1 };
    ledger.acknowledge("2", { quantity: 77, revision: 1 }, 9);
    ledger.acknowledge("3", { quantity: 5, revision: 2 }, 9);
    rows[3] = { id: 4, ...STOCK.first(4), quantity: -1 };
    const present = rows.filter(({ id }) => id !== 1 && id !== 6);
    const found = await compareTable(databaseOf(present), STOCK, { products: 6, ledger });
    expect(found.rows).toBe(6);
    expect(found.differences).toBe(4);
    expect(found.examples).toEqual([
      "product_stock 1: the row is missing",
      "product_stock 3: quantity is 93, acknowledged was 5",
      "product_stock 4: quantity is -1, acknowledged was 124",
      "product_stock 6: the row is missing",
    ]);
  });

  it("counts rows that nobody wrote", async () => {
    const found = await compareTable(databaseOf(stockRows(4)), STOCK, {
      products: 2,
      ledger: new Ledger<Row>(),
    });
    expect(found.examples).toEqual([
      "product_stock 3: nobody wrote this row",
      "product_stock 4: nobody wrote this row",
    ]);
  });
});

describe("the comparison of a cache in Holdfast's own table", () => {
  it("finds missing, wrong and surplus rows", async () => {
    const ledger = new Ledger<number>();
    for (const [key, value] of [
      ["right", 1],
      ["wrong", 2],
      ["missing", 3],
    ] as const) {
      ledger.acknowledge(key, value, value);
    }
    const database = databaseOf([
      { key: "right", value: "1" },
      { key: "wrong", value: "1" },
      { key: "surplus", value: "1" },
    ]);
    const found = await compareEntries(database, "views", ledger);
    expect(found).toMatchObject({ rows: 4, differences: 3 });
    expect(addUp([found, found])).toMatchObject({ rows: 8, differences: 6 });
  });
});
