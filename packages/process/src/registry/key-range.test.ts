import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prefixRange } from "./key-range.js";

describe("prefixRange", () => {
  it("contains exactly the keys that begin with the prefix", () => {
    const text = fc.string({ unit: "binary", maxLength: 6 });
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1, maxLength: 4 }),
        text,
        (prefix, key) => {
          for (const candidate of [key, prefix + key]) {
            const bytes = Buffer.from(candidate, "utf8");
            const { key: start, range_end: end } = prefixRange(prefix);
            const inside = Buffer.compare(bytes, start) >= 0 && Buffer.compare(bytes, end) < 0;
            expect(inside).toBe(bytes.subarray(0, start.length).equals(start));
          }
        },
      ),
      { seed: testSeed() },
    );
  });
});
