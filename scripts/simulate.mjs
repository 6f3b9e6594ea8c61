/**
 * Runs the simulation of test/simulation for as many schedules as one likes, on all cores:
 * `npm run simulate -- --schedules 1000000 --seed 1 --workers 2`. Without a seed one is drawn; every
 * schedule has its own, counted from there. `--without <part of a rule>` switches off one of the rules of
 * teeth.test.ts, to see how soon it is missed. A violation makes it fail, and is printed with the seed
 * and how to run that schedule again; after ten it gives up.
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { installAndBuild } from "./install.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Schedules that a worker is given at once. */
const BATCH = 200;
const MOST_FAILURES = 10;
const REPORT_MS = 10_000;
const YOUNG_MB = 192;

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    workers: { type: "string", default: String(availableParallelism()) },
    without: { type: "string" },
  },
});
const schedules = numberOf("schedules");
const seed = numberOf("seed", 0);
const workers = Math.min(numberOf("workers"), Math.ceil(schedules / BATCH));

/** A number of the command line. */
function numberOf(name, least = 1) {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`--${name} is ${values[name]}; it must be a whole number of ${least} or more`);
}

installAndBuild({ quiet: true });
const compiled = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-p", "test/simulation/tsconfig.json"],
  { cwd: ROOT, stdio: "inherit" },
);
if (compiled.status !== 0) throw new Error("test/simulation does not compile");

process.stdout.write(`${schedules} schedules from seed ${seed} on, ${workers} workers\n`);
const startMs = performance.now();
const cpuBefore = process.cpuUsage();
const total = { done: 0, failures: 0, trace: 0, happenings: {} };
let next = seed;
const report = setInterval(
  () => process.stderr.write(`${total.done} schedules, ${rate()} a second\n`),
  REPORT_MS,
);
await Promise.all(Array.from({ length: workers }, runWorker));
clearInterval(report);
for (const [name, count] of Object.entries(total.happenings)) {
  const each = ((count * 1_000) / total.done).toFixed(0);
  process.stdout.write(
    `${name.padEnd(16)} ${String(count).padStart(12)} ${each.padStart(9)} per 1000\n`,
  );
}
const trace = total.trace.toString(16).padStart(8, "0");
process.stdout.write(
  `${total.done} schedules, ${rate()} a second, ${cpuMs()} ms of CPU each, seeds ${seed} to ${next - 1}, trace ${trace}, ` +
    `${total.failures} with violations\n`,
);
if (total.failures > 0) process.exitCode = 1;

function rate() {
  return ((total.done * 1_000) / (performance.now() - startMs)).toFixed(0);
}

/** Of all workers, garbage collection included: it tells more than the rate on a machine that is busy. */
function cpuMs() {
  const { user, system } = process.cpuUsage(cpuBefore);
  return ((user + system) / 1_000 / total.done).toFixed(2);
}

/** One worker: it asks for batches until there are none left. */
function runWorker() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./simulate-worker.mjs", import.meta.url), {
      workerData: { without: values.without },
      // A schedule leaves nothing behind: with room for many of them, little has to be kept and copied.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const ask = () => {
      const count = Math.min(BATCH, seed + schedules - next);
      if (count <= 0 || total.failures >= MOST_FAILURES) {
        void worker.terminate().then(() => resolve());
        return;
      }
      worker.postMessage({ seed: next, count });
      next += count;
    };
    worker.on("message", (result) => {
      take(result);
      ask();
    });
    worker.on("error", reject);
    ask();
  });
}

/** What a worker has found. */
function take({ count, trace, happenings, failures }) {
  total.done += count;
  // The order of the batches must not matter.
  total.trace = (total.trace + trace) >>> 0;
  for (const [name, many] of Object.entries(happenings)) {
    total.happenings[name] = (total.happenings[name] ?? 0) + many;
  }
  for (const { seed, violations, faults } of failures) {
    total.failures += 1;
    const without = values.without === undefined ? "" : ` --without "${values.without}"`;
    process.stdout.write(
      `\nVIOLATION in the schedule of seed ${seed}\n  ${violations.join("\n  ")}\nafter\n  ` +
        `${faults.join("\n  ")}\nagain: npm run simulate -- --schedules 1 --seed ${seed}${without}\n\n`,
    );
  }
}
