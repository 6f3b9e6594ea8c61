import { seededRandom } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Choice } from "./choice.js";

const create = () => new Choice({ alternatives: 3, first: 0, period: 10 });

/** Records the same outcome so many times, and counts the changes. */
function record(choice: Choice, outcome: number, times: number): number {
  let changes = 0;
  for (let i = 0; i < times; i++) if (choice.record(outcome)) changes += 1;
  return changes;
}

describe("Choice", () => {
  it("stays with the first while all do the same", () => {
    const choice = create();
    expect(record(choice, 0b111, 1_000) + record(choice, 0b000, 1_000)).toBe(0);
    expect(choice.current).toBe(0);
  });

  it("takes the alternative that hits alone, once that can hardly be chance", () => {
    const choice = create();
    // Ten hits against none are three deviations, twenty more than four.
    expect(record(choice, 0b010, 10)).toBe(0);
    expect(record(choice, 0b010, 10)).toBe(1);
    expect(choice.current).toBe(1);
  });

  it("takes the best of those that are better", () => {
    const choice = create();
    for (let i = 0; i < 100; i++) {
      choice.record(0b110);
      choice.record(0b100);
    }
    expect(choice.current).toBe(2);
  });

  it("comes back when things change", () => {
    const choice = create();
    record(choice, 0b010, 500);
    expect(choice.current).toBe(1);
    record(choice, 0b001, 2_000);
    expect(choice.current).toBe(0);
  });

  it("hardly ever prefers one of two that are equally good", () => {
    const random = seededRandom(1);
    const choice = create();
    let changes = 0;
    for (let i = 0; i < 100_000; i++) {
      const outcome = (random.next() < 0.5 ? 1 : 0) + (random.next() < 0.5 ? 2 : 0);
      if (choice.record(outcome)) changes += 1;
    }
    expect(changes).toBeLessThanOrEqual(10);
  });
});
