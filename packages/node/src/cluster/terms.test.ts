import { silentLogger } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Tenure } from "../ownership/tenure.js";
import { Terms } from "./terms.js";

function createTerms(grant: (tenure: Tenure, minTerm: number) => void) {
  const clock = new FakeClock();
  const tenure = new Tenure(3, 5, []);
  const asked: number[] = [];
  const requests = {
    requestTerm: async (_incarnation: string, _partition: number, _term: number, min: number) => {
      asked.push(min);
      grant(tenure, min);
    },
  };
  const terms = new Terms(requests, () => "me", clock, silentLogger);
  return { clock, tenure, asked, terms };
}

describe("Terms", () => {
  it("asks until the topology has granted it", async () => {
    let answers = 0;
    const { clock, tenure, asked, terms } = createTerms((granted, minTerm) => {
      answers += 1;
      if (answers === 3) granted.renew(minTerm);
    });
    terms.raise(tenure, 7);
    await clock.advanceAsync(5_000, 50);
    expect(asked).toEqual([7, 7, 7]);
  });

  it("goes on to a higher one that was asked for meanwhile", async () => {
    const { clock, tenure, asked, terms } = createTerms((granted, minTerm) =>
      granted.renew(minTerm),
    );
    terms.raise(tenure, 11);
    terms.raise(tenure, 51);
    await clock.advanceAsync(5_000, 50);
    expect(tenure.term).toBe(51);
    expect(asked.at(-1)).toBe(51);
  });
});
