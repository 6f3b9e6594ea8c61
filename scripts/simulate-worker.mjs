/** A worker of simulate.mjs: runs the schedules of the seeds that it is given. */
import { parentPort, workerData } from "node:worker_threads";

const RESOLVED = Promise.resolve();
// Node's own makes an object with a context for every call. The order is the same.
globalThis.queueMicrotask = (callback) => void RESOLVED.then(callback);

const COMPILED = "../test/dist/simulation/";
const { runSchedule } = await import(new URL(`${COMPILED}schedule.js`, import.meta.url).href);
const { MUTATIONS } = await import(new URL(`${COMPILED}mutations.js`, import.meta.url).href);

const { without } = workerData;
const mutation = without && MUTATIONS.find((each) => each.includes(without));
if (without && !mutation)
  throw new Error(`no rule is called "${without}": ${MUTATIONS.join(", ")}`);

parentPort?.on("message", async ({ seed, count }) => {
  const happenings = {};
  const failures = [];
  let total = 0;
  for (let each = seed; each < seed + count; each++) {
    const { violations, faults, trace, ...result } = await runSchedule(each, mutation);
    total = (total + trace) >>> 0;
    for (const [name, many] of Object.entries(result.happenings)) {
      happenings[name] = (happenings[name] ?? 0) + many;
    }
    if (violations.length > 0) failures.push({ seed: each, violations, faults });
  }
  parentPort?.postMessage({ count, trace: total, happenings, failures });
});
