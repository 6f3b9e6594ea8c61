import { testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { runSchedule } from "./schedule.js";

const seed = testSeed();
const schedules = Number(process.env.HOLDFAST_SCHEDULES ?? 1_000);

describe(`a simulated cluster (seed ${seed})`, () => {
  it(`explains everything that clients see, in ${schedules} schedules`, {
    timeout: 0,
  }, async () => {
    const total: Record<string, number> = {};
    for (let each = seed; each < seed + schedules; each++) {
      const { violations, faults, happenings } = await runSchedule(each);
      for (const [name, count] of Object.entries(happenings)) {
        total[name] = (total[name] ?? 0) + count;
      }
      expect({ seed: each, violations, faults: violations.length ? faults : [] }).toEqual({
        seed: each,
        violations: [],
        faults: [],
      });
    }
    // Otherwise nothing was put to the test.
    expect(total.acknowledged).toBeGreaterThan(schedules * 20);
    expect(total.read).toBeGreaterThan(schedules * 20);
    expect(total.move).toBeGreaterThan(schedules / 4);
    expect(total.failover).toBeGreaterThan(schedules / 8);
  });

  it("does the same again when it is given the same seed", async () => {
    for (let each = seed; each < seed + 20; each++) {
      const first = await runSchedule(each);
      expect(await runSchedule(each)).toEqual(first);
    }
  });
});
