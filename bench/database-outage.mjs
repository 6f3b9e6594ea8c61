/**
 * What a database that hangs costs: `node bench/database-outage.mjs [--minutes N] [--json]`, 10 by
 * default, after `npm run build`. Three nodes are read and written to without pause while PostgreSQL is
 * frozen. Dirty entries and memory must stay at their bounds, reads as fast as before, refusals typed; and
 * when it goes on, every acknowledged write must be in it.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LocalCluster } from "@holdfast/cli";
import { CacheError, connect } from "@holdfast/client";
import { applyCaches, passed } from "./support.mjs";

const pg = createRequire(new URL("../packages/process/package.json", import.meta.url))("pg");
const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});
const QUIET_MS = 20_000;
const OUTAGE_MS = Number(options.minutes) * 60_000;
const NODES = 3;
const QUEUE_ENTRIES = 20_000;
const READS_PER_SECOND = 1_000;
const WRITES_PER_SECOND = 500;
const HOT_KEYS = 10_000;
const SAMPLE_MS = 2_000;
const WRITE_TIMEOUT = "2s";
const VALUE = "x".repeat(500);
const BARS = { readP99: 1.5 };
const CACHES = `caches:
  aside: {pattern: cache-aside}
  behind:
    pattern: write-behind
    source: {kind: entries}
    writeBehind: {queueMaxEntries: ${QUEUE_ENTRIES}}
`;

const cluster = await LocalCluster.start({ nodes: NODES, memory: "256MiB" });
const client = await connect({ seeds: cluster.seeds });
const aside = client.cache("aside");
const behind = client.cache("behind");
const acknowledged = [];
const outcomes = {};
let latencies = [];
let samples = [];
const running = [];
try {
  await cluster.settled();
  applyCaches(cluster, CACHES);
  for (let i = 0; i < HOT_KEYS; i++) await aside.set(`hot-${i}`, VALUE);
  running.push(paced(READS_PER_SECOND, read), paced(WRITES_PER_SECOND, write), sampling());
  await passed(QUIET_MS / 2);
  take();
  await passed(QUIET_MS);
  const quiet = take();
  const database = databaseProcesses();
  for (const pid of database) process.kill(pid, "SIGSTOP");
  let frozen;
  try {
    await passed(OUTAGE_MS);
    frozen = take();
  } finally {
    for (const pid of database) process.kill(pid, "SIGCONT");
  }
  const thawedAt = performance.now();
  await stopLoad();
  while ((await behind.stats()).dirtyEntries > 0) await passed(100);
  const recoverySeconds = (performance.now() - thawedAt) / 1_000;
  report({ quiet, frozen, recoverySeconds, lost: await lost() });
} finally {
  await stopLoad();
  await client.close();
  await cluster.stop();
}

async function stopLoad() {
  for (const stop of running.splice(0)) await stop();
}

async function read() {
  const startedAt = performance.now();
  await aside.get(`hot-${Math.floor(Math.random() * HOT_KEYS)}`);
  latencies.push(performance.now() - startedAt);
}

async function write(number) {
  let outcome = "acknowledged";
  try {
    await behind.set(`key-${number}`, `${number} ${VALUE}`, { timeout: WRITE_TIMEOUT });
    acknowledged.push(number);
  } catch (error) {
    outcome = error instanceof CacheError ? error.code : String(error);
  }
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}

/** Acts so many times a second, whatever comes back. Returns what stops it. */
function paced(perSecond, act) {
  const startedAt = performance.now();
  let begun = 0;
  const underWay = new Set();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond);
    for (; begun < due; begun++) {
      const one = act(begun).finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }, 5);
  return async () => {
    clearInterval(timer);
    await Promise.allSettled(underWay);
  };
}

/** Looks at memory and queues now and then. */
function sampling() {
  let isOver = false;
  const run = (async () => {
    while (!isOver) {
      const rssMiB = Math.max(...cluster.nodes.map(({ pid }) => residentMiB(pid)));
      const { dirtyEntries } = await behind.stats();
      samples.push({ rssMiB, dirtyEntries });
      await passed(SAMPLE_MS);
    }
  })();
  return async () => {
    isOver = true;
    await run;
  };
}

/** What has been seen since the last call. */
function take() {
  const sorted = latencies.toSorted((a, b) => a - b);
  const half = samples.slice(samples.length >> 1);
  const seen = {
    reads: sorted.length,
    readP50: sorted[sorted.length >> 1],
    readP99: sorted[Math.floor(sorted.length * 0.99)],
    // The first half may be on its way to the bound.
    rssMiB: [Math.min(...half.map(({ rssMiB }) => rssMiB)), Math.max(...half.map((s) => s.rssMiB))],
    dirty: Math.max(...samples.map(({ dirtyEntries }) => dirtyEntries)),
    outcomes: { ...outcomes },
  };
  latencies = [];
  samples = [];
  for (const outcome of Object.keys(outcomes)) delete outcomes[outcome];
  return seen;
}

function databaseProcesses() {
  const file = join(cluster.dataDir, "postgres", "cluster", "postmaster.pid");
  const postmaster = Number(readFileSync(file, "utf8").split("\n")[0]);
  const children = execFileSync("pgrep", ["-P", String(postmaster)], { encoding: "utf8" });
  return [postmaster, ...children.trim().split("\n").map(Number)];
}

function residentMiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
}

/** Acknowledged writes that are not in the database. */
async function lost() {
  const database = new pg.Client(cluster.databaseUrl);
  await database.connect();
  try {
    const { rows } = await database.query(
      "SELECT convert_from(key, 'UTF8') AS key FROM holdfast_entries WHERE NOT deleted",
    );
    const found = new Set(rows.map(({ key }) => key));
    return acknowledged.filter((number) => !found.has(`key-${number}`)).length;
  } finally {
    await database.end();
  }
}

function report({ quiet, frozen, recoverySeconds, lost }) {
  const ratio = frozen.readP99 / quiet.readP99;
  if (options.json) {
    const machine = { cores: cpus().length, node: process.version };
    const bench = { bench: "database-outage", machine, bars: BARS };
    console.log(JSON.stringify({ ...bench, quiet, frozen, ratio, recoverySeconds, lost }));
    return;
  }
  const bound = NODES * QUEUE_ENTRIES;
  const [least, most] = frozen.rssMiB;
  console.log(
    `database frozen for ${options.minutes} min: reads p50 ${frozen.readP50.toFixed(2)} ms, p99 ${frozen.readP99.toFixed(2)} ms,`,
    `${ratio.toFixed(2)} of ${quiet.readP99.toFixed(2)} ms before (bar ${BARS.readP99})`,
  );
  console.log(`dirty entries: at most ${frozen.dirty} (bound ${bound})`);
  console.log(`memory of the largest node: ${least} to ${most} MiB in the second half`);
  console.log(`writes: ${JSON.stringify(frozen.outcomes)}`);
  console.log(`all written ${recoverySeconds.toFixed(1)} s after it went on; ${lost} lost (bar 0)`);
}
