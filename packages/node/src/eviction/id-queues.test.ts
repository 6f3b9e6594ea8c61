import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdQueues } from "./id-queues.js";
import { NO_ENTRY } from "./policy.js";

const seed = testSeed();
const QUEUES = 3;
const MAX_ID = 8;

/** Takes from a queue until it is empty. */
function takeAll(queues: IdQueues, queue: number): number[] {
  const taken: number[] = [];
  for (;;) {
    const id = queues.take(queue, NO_ENTRY);
    if (id === NO_ENTRY) return taken;
    taken.push(id);
  }
}

describe("IdQueues", () => {
  it("are empty at first, with and without room for ids", () => {
    const queues = new IdQueues(2);
    expect([queues.take(0, NO_ENTRY), queues.take(1, 1)]).toEqual([NO_ENTRY, NO_ENTRY]);
    queues.reserve(10);
    expect([queues.take(0, NO_ENTRY), queues.take(1, 1)]).toEqual([NO_ENTRY, NO_ENTRY]);
  });

  it("take 4 bytes for an id", () => {
    const queues = new IdQueues(2);
    expect(queues.bytesUpTo(1_000) - queues.bytesUpTo(0)).toBe(4_000);
  });

  it("keep their order while they grow", () => {
    const queues = new IdQueues(2);
    queues.reserve(10);
    for (const id of [3, 10, 1]) queues.append(1, id);
    queues.reserve(100_000);
    queues.append(1, 100_000);
    expect(takeAll(queues, 1)).toEqual([3, 10, 1, 100_000]);
    expect(takeAll(queues, 0)).toEqual([]);
  });

  it(`do what arrays would (seed ${seed})`, () => {
    const step = fc.record({
      action: fc.constantFrom("append", "append", "take"),
      queue: fc.nat({ max: QUEUES - 1 }),
      id: fc.integer({ min: NO_ENTRY, max: MAX_ID }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queues = new IdQueues(QUEUES);
        queues.reserve(MAX_ID);
        const arrays: number[][] = Array.from({ length: QUEUES }, () => []);
        for (const { action, queue, id } of steps) {
          const array = arrays[queue] as number[];
          if (action === "take") {
            const expected = array.find((queued) => queued !== id) ?? NO_ENTRY;
            expect(queues.take(queue, id)).toBe(expected);
            if (expected !== NO_ENTRY) array.splice(array.indexOf(expected), 1);
          } else if (id !== NO_ENTRY && !arrays.flat().includes(id)) {
            queues.append(queue, id);
            array.push(id);
          }
        }
        for (const [queue, array] of arrays.entries()) {
          expect(takeAll(queues, queue)).toEqual(array);
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});
