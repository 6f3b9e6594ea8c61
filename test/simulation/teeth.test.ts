/** The simulation is checked: without any one of these rules it must find something. */
import { testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { MUTATIONS } from "./mutations.js";
import { runSchedule } from "./schedule.js";

const MOST_SCHEDULES = 20_000;
const seed = testSeed();

describe(`the simulation (seed ${seed})`, () => {
  it.each(MUTATIONS)("notices: %s", { timeout: 0 }, async (mutation) => {
    for (let each = seed; each < seed + MOST_SCHEDULES; each++) {
      const { violations } = await runSchedule(each, mutation);
      if (violations.length > 0) return;
    }
    expect.fail(`${MOST_SCHEDULES} schedules have shown nothing`);
  });
});
