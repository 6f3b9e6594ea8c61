/**
 * What a day of calls does to a client, in miniature: one process runs 20 million operations, some of them with
 * deadlines too short to keep, some aborted, while one node after the other is killed or drained, and started
 * again: `npm run bench -- client-soak [--operations 20000000] [--restart-every 30s] [--seed 1] [--json]`.
 *
 * Every call must settle, acknowledged or with a typed error, and nothing may go unhandled. The operations come in
 * rounds; between two of them nothing is under way, garbage is collected, and what is left is measured. The first
 * third of the rounds is for warming up; over the rest neither memory nor handles may grow. At the end the process
 * must end by itself.
 */
import { getEventListeners } from "node:events";
import { setTimeout as passing, setImmediate as turn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { LocalCluster } from "@holdfast/cli";
import { CacheError, connect } from "@holdfast/client";
import { durationMs } from "../packages/client/dist/cache/duration.js";
import { randomOf } from "./load.mjs";
import { Contestant, collectGarbage, role, rssBytes } from "./processes.mjs";
import { bar, progress, report } from "./report.mjs";
import { applyCaches } from "./support.mjs";

const MIB = 2 ** 20;
const CACHES = `caches:
  aside: {pattern: cache-aside, ttl: 1h}
  behind: {pattern: write-behind, source: {kind: entries}}
`;
const ROUNDS = 45;
const IN_FLIGHT = 1_000;
const KEYS = 100_000;
const KEYS_OF_MANY = 10;
const VALUE = { text: "x".repeat(100) };
/** Large enough to be compressed. */
const LARGE_VALUE = { text: "holdfast ".repeat(1_000) };
const LARGE_SHARE = 0.01;
const TIMEOUT_MS = 2_000;
/** Deadlines that are hard to keep, and aborts, come in this share of the calls each, within so many milliseconds. */
const HASTY_SHARE = 0.01;
const HASTY_MS = 5;
/** A call that is this much older than any deadline will never settle. */
const OVERDUE_MS = 15_000;
/** How long a node is away, as a share of the time between two faults. */
const AWAY_SHARE = 1 / 3;
/** What may look like growth in what does not grow. */
const MOST_GROWTH = { heapMiB: 1, rssMiB: 8, handles: 4 };
/** Time for the process to end once its client is closed. */
const END_MS = 10_000;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    operations: { type: "string", default: "20000000" },
    "restart-every": { type: "string", default: "30s" },
    seed: { type: "string", default: "1" },
  },
});
const operations = Number(options.operations);
const random = randomOf(Number(options.seed));

if (role === undefined) await compare();
else process.once("message", (seeds) => void beClient(seeds));

/** In the process that has the cluster, and does to it what is done to clusters. */
async function compare() {
  const cluster = await LocalCluster.start({ nodes: 3 });
  const isOver = new AbortController();
  const contestant = new Contestant(import.meta.filename, "client");
  let measured;
  let secondsToEnd;
  try {
    applyCaches(cluster, CACHES);
    const asked = contestant.ask(cluster.seeds).finally(() => isOver.abort());
    measured = await Promise.all([asked, restartNodes(cluster, isOver.signal)]);
  } finally {
    isOver.abort();
    secondsToEnd = await endOf(contestant);
    await cluster.stop();
  }
  tell(...measured, secondsToEnd);
}

/** Lets a process go. Returns how many seconds it has taken to end; too many, if it had to be killed. */
async function endOf(contestant) {
  const beganAtMs = performance.now();
  const timer = setTimeout(() => process.kill(contestant.pid, "SIGKILL"), END_MS);
  await contestant.stop();
  clearTimeout(timer);
  return (performance.now() - beganAtMs) / 1_000;
}

/** One node after the other, killed and drained in turns, until it is over. Returns how many it were. */
async function restartNodes(cluster, signal) {
  const everyMs = durationMs(options["restart-every"], "restart-every");
  const nodeIds = cluster.nodes.map(({ nodeId }) => nodeId);
  let restarts = 0;
  while (await passed(everyMs * (1 - AWAY_SHARE), signal)) {
    const nodeId = nodeIds[restarts % nodeIds.length];
    if (restarts % 2 === 0) await cluster.killNode(nodeId);
    else await cluster.stopNode(nodeId);
    await passed(everyMs * AWAY_SHARE, signal);
    await cluster.restartNode(nodeId);
    restarts += 1;
  }
  return restarts;
}

/** Whether the time has passed before it was over. */
async function passed(ms, signal) {
  if (signal.aborted) return false;
  await passing(ms, undefined, { signal }).catch(() => {});
  return !signal.aborted;
}

/** In the process that is measured: all rounds, then what came of them. */
async function beClient(seeds) {
  let unhandled = 0;
  let warnings = 0;
  const leave = () => process.exit(1);
  process.once("disconnect", leave);
  process.on("unhandledRejection", () => unhandled++);
  process.on("warning", () => warnings++);
  const cluster = await connect({ seeds, timeout: TIMEOUT_MS });
  const caches = [cluster.cache("aside"), cluster.cache("behind")];
  // Services pass the signal of their own end to every call: it must not gather listeners.
  const lasting = new AbortController();
  const calls = new Calls(caches, lasting.signal);
  const samples = [];
  const beganAtMs = performance.now();
  for (let round = 1; round <= ROUNDS && calls.overdue === 0; round++) {
    await calls.run(Math.round((operations * round) / ROUNDS));
    samples.push(await sample());
    tellProgress(round, calls, samples.at(-1));
  }
  const seconds = (performance.now() - beganAtMs) / 1_000;
  const listeners = getEventListeners(lasting.signal, "abort").length;
  await cluster.close();
  process.off("disconnect", leave);
  const { outcomes, settled, overdue, untyped } = calls;
  process.send({
    ...{ outcomes: Object.fromEntries(outcomes), settled, overdue, untyped },
    ...{ seconds, samples, listeners, unhandled, warnings },
  });
}

/** Operations by several callers at once, each of which asks for its next when the last has settled. */
class Calls {
  #caches;
  #lasting;
  #begun = 0;
  /** When each caller's operation began; `undefined` while it has none. */
  #since = new Array(IN_FLIGHT);
  /** By operation and what became of it. */
  outcomes = new Map();
  settled = 0;
  /** That have not settled, and will not. */
  overdue = 0;
  /** Errors that say neither a code nor who aborted. */
  untyped = 0;

  constructor(caches, lasting) {
    this.#caches = caches;
    this.#lasting = lasting;
  }

  /** Goes on until so many have been begun in all, and these have settled, or never will. */
  async run(until) {
    const isDone = new AbortController();
    const callers = Array.from(this.#since.keys(), (caller) => this.#keepCalling(caller, until));
    await Promise.race([Promise.all(callers), this.#untilOverdue(isDone.signal)]);
    isDone.abort();
  }

  async #untilOverdue(signal) {
    while (await passed(1_000, signal)) {
      const latestMs = performance.now() - TIMEOUT_MS - OVERDUE_MS;
      this.overdue = this.#since.filter((sinceMs) => sinceMs < latestMs).length;
      if (this.overdue > 0) return;
    }
  }

  async #keepCalling(caller, until) {
    while (this.#begun < until) {
      this.#begun += 1;
      this.#since[caller] = performance.now();
      const [name, call] = this.#draw();
      this.#count(`${name} ${await this.#outcomeOf(call)}`);
      this.#since[caller] = undefined;
    }
  }

  async #outcomeOf(call) {
    const hasty = random();
    if (hasty < HASTY_SHARE) return this.#settling(call, { timeout: 1 + random() * HASTY_MS });
    if (hasty > 2 * HASTY_SHARE) return this.#settling(call, { signal: this.#lasting });
    const aborting = new AbortController();
    const timer = setTimeout(() => aborting.abort(), random() * HASTY_MS);
    try {
      return await this.#settling(call, { signal: aborting.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  async #settling(call, callOptions) {
    try {
      await call(callOptions);
      return "acknowledged";
    } catch (error) {
      if (error instanceof CacheError) return error.code;
      if (callOptions.signal?.aborted && error === callOptions.signal.reason) return "aborted";
      this.untyped += 1;
      progress(String(error?.stack ?? error));
      return "untyped";
    }
  }

  #count(outcome) {
    this.settled += 1;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  /** An operation of the mix, on one of the caches. */
  #draw() {
    const cache = this.#caches[random() < 0.75 ? 0 : 1];
    const key = drawKey();
    const drawn = random();
    if (drawn < 0.5) return ["get", (its) => cache.get(key, its)];
    if (drawn < 0.75) return ["set", (its) => cache.set(key, drawValue(), its)];
    if (drawn < 0.85) return ["getMany", (its) => cache.getMany(drawKeys(), its)];
    if (drawn < 0.9) return ["delete", (its) => cache.delete(key, its)];
    return ["increment", (its) => cache.increment(`count-${key}`, 1, its)];
  }
}

function drawKey() {
  return `key-${Math.floor(random() * KEYS)}`;
}

function drawKeys() {
  return Array.from({ length: KEYS_OF_MANY }, drawKey);
}

function drawValue() {
  return random() < LARGE_SHARE ? LARGE_VALUE : VALUE;
}

/**
 * What is left of this process when nothing is under way. Timers of calls go when their time is up, even if the calls
 * have settled before. What lies outside the heap (HTTP/2 streams, buffers) goes in the collection after the one that
 * has found its object gone: with one alone, rounds swing by 9 MiB.
 */
async function sample() {
  await passing(TIMEOUT_MS);
  collectGarbage();
  await turn();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return {
    heapMiB: (heapUsed + external) / MIB,
    rssMiB: rssBytes() / MIB,
    handles: process.getActiveResourcesInfo().length,
  };
}

function tellProgress(round, { settled }, { heapMiB, rssMiB, handles }) {
  if (round % 5 !== 0) return;
  const memory = `heap ${heapMiB.toFixed(1)} MiB, RSS ${rssMiB.toFixed(0)} MiB`;
  const at = `${(performance.now() / 1_000).toFixed(0)} s`;
  progress(`${at}: ${settled.toLocaleString("en")} operations; ${memory}, ${handles} handles`);
}

function tell(seen, restarts, secondsToEnd) {
  const { outcomes, settled, seconds, samples } = seen;
  const steady = samples.slice(Math.floor(samples.length / 3));
  const growths = Object.entries(MOST_GROWTH).map(([name, most]) => {
    const growth = growthOf(steady.map((each) => each[name]));
    return bar(`growth of ${name} after the first third`, growth, { most });
  });
  const internal = Object.entries(outcomes).filter(([outcome]) => outcome.endsWith("INTERNAL"));
  const alone = [
    ...Object.entries(outcomes).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ["operations per second", settled / seconds],
    ["restarts of nodes", restarts],
    ...Object.entries(samples.at(-1)).map(([name, value]) => [`${name} at the end`, value]),
  ].map(([name, value]) => ({ name, value, unit: "" }));
  const bars = [
    bar("settled", settled, { least: operations }),
    bar("never settled", seen.overdue, { most: 0 }),
    bar("errors without a code", seen.untyped, { most: 0 }),
    bar(
      "INTERNAL errors",
      internal.reduce((sum, [, count]) => sum + count, 0),
      { most: 0 },
    ),
    bar("unhandled rejections", seen.unhandled, { most: 0 }),
    bar("warnings of Node", seen.warnings, { most: 0 }),
    bar("listeners left on a lasting signal", seen.listeners, { most: 0 }),
    ...growths,
    bar("seconds until the process has ended", secondsToEnd, { most: END_MS / 1_000 }),
  ];
  report("client-soak", { alone, bars }, options);
}

/** From the first to the last of the values, by the straight line that lies closest to them. */
function growthOf(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const along = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  const spread = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return (along / spread) * (values.length - 1);
}
