import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { SentAttempts } from "./sent-attempts.js";

const seed = testSeed();

it(`finds every attempt by its number, however late its reply comes (seed ${seed})`, () => {
  const steps = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...(["add", "take", "remove"] as const)) },
    { weight: 1, arbitrary: fc.constant("add many" as const) },
  );
  const draws = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(steps, draws), { maxLength: 60 }), (all) => {
      const attempts = new SentAttempts<{ id: number }>();
      const expected = new Map<number, { id: number }>();
      let lastId = 0;
      const add = () => {
        lastId += 1;
        const attempt = { id: lastId };
        attempts.add(attempt);
        expected.set(lastId, attempt);
      };
      for (const [step, draw] of all) {
        const id = [...expected.keys()][draw % (expected.size + 1)] ?? lastId + 1;
        if (step === "add") add();
        else if (step === "add many") for (let count = 0; count < draw; count++) add();
        else if (step === "take") {
          expect(attempts.take(id)).toBe(expected.get(id));
          expected.delete(id);
        } else {
          const attempt = expected.get(id) ?? { id };
          expect(attempts.remove(attempt)).toBe(expected.delete(id));
        }
        expect(attempts.size).toBe(expected.size);
      }
      expect(attempts.takeAll()).toEqual([...expected.values()]);
      expect(attempts.size).toBe(0);
    }),
    { seed, numRuns: 50 },
  );
});
