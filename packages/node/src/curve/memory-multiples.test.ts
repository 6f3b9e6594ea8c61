import { describe, expect, it } from "vitest";
import { boundBytes } from "./memory-multiples.js";

describe("Memory that a cache may use now", () => {
  it("is its bound in bytes", () => {
    expect(boundBytes({ maxBytes: 1_000, maxEntries: Number.POSITIVE_INFINITY }, 10)).toBe(1_000);
  });

  it("is what its entries take, where their number is bounded more tightly", () => {
    expect(boundBytes({ maxBytes: 1_000, maxEntries: 20 }, 10)).toBe(200);
    expect(boundBytes({ maxBytes: 1_000, maxEntries: 200 }, 10)).toBe(1_000);
  });

  it("does not rest on the size of entries that are not there", () => {
    expect(boundBytes({ maxBytes: 1_000, maxEntries: 20 }, 0)).toBe(1_000);
    expect(boundBytes({ maxBytes: 1_000, maxEntries: Number.POSITIVE_INFINITY }, 0)).toBe(1_000);
  });
});
