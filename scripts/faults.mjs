/**
 * Runs the random faults of test/faults for as long as one likes:
 * `npm run test:faults -- --minutes 60 --seed 1`. Without a seed one is drawn, and printed.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string" } },
});
const { minutes, seed } = values;
if (!(Number(minutes) > 0)) throw new Error(`--minutes is ${minutes}; it must be a number above 0`);
const env = { ...process.env, HOLDFAST_FAULT_MINUTES: minutes };
if (seed !== undefined) env.HOLDFAST_TEST_SEED = seed;
const run = spawnSync("npx", ["vitest", "run", "--project", "cluster", "test/faults"], {
  stdio: "inherit",
  env,
});
process.exitCode = run.status ?? 1;
