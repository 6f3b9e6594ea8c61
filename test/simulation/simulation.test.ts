import { testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { runSchedule } from "./schedule.js";

const seed = testSeed();
const schedules = Number(process.env.HOLDFAST_SCHEDULES ?? 300);

describe(`a simulated cluster (seed ${seed})`, () => {
  it(`explains everything that clients see, in ${schedules} schedules`, {
    timeout: 0,
  }, async () => {
    let acknowledged = 0;
    let reads = 0;
    let moves = 0;
    for (let each = seed; each < seed + schedules; each++) {
      const result = await runSchedule(each);
      acknowledged += result.acknowledged;
      reads += result.reads;
      moves += result.moves;
      const { violations, faults } = result;
      expect({ seed: each, violations, faults: violations.length ? faults : [] }).toEqual({
        seed: each,
        violations: [],
        faults: [],
      });
    }
    // Otherwise nothing was put to the test.
    expect(acknowledged).toBeGreaterThan(schedules * 20);
    expect(reads).toBeGreaterThan(schedules * 20);
    expect(moves).toBeGreaterThan(schedules / 2);
  });
});
