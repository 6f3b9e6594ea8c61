import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockDirectory } from "./block-directory.js";

const seed = testSeed();
const RUNS = 6;

describe("BlockDirectory", () => {
  it(`knows every place of every run, however they begin, grow and end (seed ${seed})`, () => {
    const steps = fc.array(
      fc.record({ run: fc.nat({ max: RUNS - 1 }), blocks: fc.integer({ min: 1, max: 90 }) }),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const directory = new BlockDirectory(RUNS);
        const model: (number[] | undefined)[] = new Array(RUNS).fill(undefined);
        let place = 2 ** 31;
        for (const { run, blocks } of sequence) {
          const known = model[run];
          if (known === undefined) {
            directory.begin(run, blocks);
            model[run] = [];
          } else if (known.length > 100) {
            directory.end(run);
            model[run] = undefined;
          } else {
            for (let count = 0; count < blocks; count++) {
              directory.setPlace(run, known.length, ++place);
              known.push(place);
            }
          }
          model.forEach((places, each) => {
            const found = places?.map((_, block) => directory.place(each, block));
            expect(found).toEqual(places);
          });
        }
      }),
      { seed, numRuns: 50 },
    );
  });

  it("takes no more than a few times what is in use, however often runs begin and end", () => {
    const directory = new BlockDirectory(RUNS);
    for (let round = 0; round < 10_000; round++) {
      const run = round % RUNS;
      directory.end(run);
      directory.begin(run, 50);
      directory.setPlace(run, 49, round + 1);
    }
    expect(directory.tableBytes).toBeLessThan(4 * 4 * 50 * RUNS);
  });
});
