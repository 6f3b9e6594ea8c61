import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { SentAttempts } from "./sent-attempts.js";

const seed = testSeed();

interface Sent {
  readonly id: number;
  readonly operations: number;
}

it(`finds every attempt by its numbers, however late replies come (seed ${seed})`, () => {
  const steps = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...(["add", "take", "remove"] as const)) },
    { weight: 1, arbitrary: fc.constant("add many" as const) },
  );
  const draws = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(steps, draws), { maxLength: 60 }), (all) => {
      const attempts = new SentAttempts<Sent>();
      const expected = new Map<number, Sent>();
      let lastId = 0;
      const add = (operations: number) => {
        const attempt = { id: lastId + 1, operations };
        attempts.add(attempt);
        for (let left = operations; left > 0; left--) expected.set(++lastId, attempt);
      };
      const remove = (attempt: Sent) => {
        const ids = [...expected.keys()].filter((id) => expected.get(id) === attempt);
        for (const id of ids) expected.delete(id);
        return ids.length > 0;
      };
      for (const [step, draw] of all) {
        const id = [...expected.keys()][draw % (expected.size + 1)] ?? lastId + 1;
        if (step === "add") add(1 + (draw % 3));
        else if (step === "add many") for (let count = 0; count < draw; count += 7) add(7);
        else if (step === "take") {
          expect(attempts.take(id)).toBe(expected.get(id));
          expected.delete(id);
        } else {
          const attempt = expected.get(id) ?? { id, operations: 2 };
          expect(attempts.remove(attempt)).toBe(remove(attempt));
        }
        expect(attempts.size).toBe(expected.size);
      }
      expect(attempts.takeAll()).toEqual([...new Set(expected.values())]);
      expect(attempts.size).toBe(0);
    }),
    { seed, numRuns: 50 },
  );
});
