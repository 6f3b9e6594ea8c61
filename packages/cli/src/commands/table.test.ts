import { describe, expect, it } from "vitest";
import { formatTable } from "./table.js";

describe("formatTable", () => {
  it("lines columns up, numbers to the right", () => {
    const text = formatTable(
      ["node", "keys"],
      [
        ["node-1", 5],
        ["n", 1_000],
      ],
    );
    expect(text).toBe("node    keys\nnode-1     5\nn       1000");
  });

  it("has a head even when there is nothing to show", () => {
    expect(formatTable(["node", "keys"], [])).toBe("node  keys");
  });
});
