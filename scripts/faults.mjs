/**
 * Runs the random faults of test/faults for as long as one likes:
 * `npm run test:faults -- --minutes 60 --seed 1`. Without a seed one is drawn, and printed. `--only`
 * takes a regular expression that the names of the faults must match.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    only: { type: "string" },
  },
});
const { minutes, seed, only } = values;
if (!(Number(minutes) > 0)) throw new Error(`--minutes is ${minutes}; it must be a number above 0`);
const env = { ...process.env, HOLDFAST_FAULT_MINUTES: minutes };
if (seed !== undefined) env.HOLDFAST_TEST_SEED = seed;
if (only !== undefined) env.HOLDFAST_FAULT_KINDS = only;
const SUITE = "test/faults/faults.test.ts";
const run = spawnSync("npx", ["vitest", "run", "--project", "cluster", SUITE], {
  stdio: "inherit",
  env,
});
process.exitCode = run.status ?? 1;
