import { describe, expect, it } from "vitest";
import { Terms } from "./terms.js";

describe("Terms", () => {
  it("find a reply late when a higher term was seen in that partition", () => {
    const terms = new Terms(4);
    expect(terms.isFromFormerOwner(1, 3)).toBe(false);
    expect(terms.isFromFormerOwner(1, 2)).toBe(true);
    expect(terms.isFromFormerOwner(1, 3)).toBe(false);
    expect(terms.isFromFormerOwner(2, 1)).toBe(false);
  });

  it("take no notice of term 0, which is no owner's", () => {
    const terms = new Terms(4);
    terms.isFromFormerOwner(1, 3);
    expect(terms.isFromFormerOwner(1, 0)).toBe(false);
    expect(terms.isFromFormerOwner(1, 2)).toBe(true);
  });
});
