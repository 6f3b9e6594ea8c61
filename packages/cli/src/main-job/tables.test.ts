import { describe, expect, it } from "vitest";
import { PRODUCT_TABLES, PRODUCTS } from "./tables.js";

describe("the shop's tables", () => {
  it("name every column that a first row has", () => {
    for (const table of PRODUCT_TABLES) {
      expect(Object.keys(table.first(1)).sort()).toEqual([...table.columns].sort());
    }
  });

  it("describe products in texts of one length", () => {
    for (const id of [1, 99_999, 5_000_000]) {
      expect(PRODUCTS.first(id).description).toHaveLength(120);
    }
  });
});
