import { describe, expect, it } from "vitest";
import { Ledger } from "./ledger.js";

describe("Ledger", () => {
  it("holds for each key what was acknowledged last", () => {
    const ledger = new Ledger<string>();
    ledger.acknowledge("a", "old", 1);
    ledger.acknowledge("a", "new", 2);
    ledger.acknowledge("b", "other", 1);
    expect([ledger.get("a"), ledger.get("b"), ledger.get("c")]).toEqual([
      "new",
      "other",
      undefined,
    ]);
    expect([...ledger.keys()]).toEqual(["a", "b"]);
    expect(ledger.size).toBe(2);
  });

  it("goes by version when acknowledgements overtake each other", () => {
    const ledger = new Ledger<string>();
    ledger.acknowledge("a", "second", 8);
    ledger.acknowledge("a", "first", 7);
    expect(ledger.get("a")).toBe("second");
  });
});
