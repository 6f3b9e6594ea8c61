/**
 * Whether a process stays within its memory: several stores share a budget, and get random writes, reads, deletions,
 * expirations and now and then a `clear` of one of them, of entries from 1 B to 1 MiB, for minutes. RSS is read
 * each second. It must stay within the budget and the base, and must not creep: the highest of the last third may
 * be above that of the second by little.
 *
 * The base is the RSS of the process after as much of the same on another budget, which is closed then, with a fixed
 * allowance for what the process frees but the system does not have back yet.
 *
 * Run: npm run bench -- soak [--json] [--minutes 10] [--budget 536870912] [--seed 1] [--policy lru]
 */
import { parseArgs } from "node:util";
import { systemClock } from "../packages/core/dist/index.js";
import { EVICTION_POLICIES } from "../packages/node/dist/eviction/index.js";
import { MemoryBudget } from "../packages/node/dist/store/memory-budget.js";
import { Reclaimer } from "../packages/node/dist/store/reclaimer.js";
import { Store } from "../packages/node/dist/store/store.js";
import { KEY_BYTES, randomOf, writeKey } from "./load.mjs";
import { collectGarbage, rssBytes } from "./processes.mjs";
import { bar, progress, report } from "./report.mjs";
import { passed } from "./support.mjs";

const MIB = 2 ** 20;
const STORES = 4;
/** A small budget does to compile everything, and to bring the young generation to size. */
const WARM_BYTES = 32 * MIB;
const WARM_SECONDS = 10;
/** What may be freed, and not be back yet. */
const ALLOWANCE_BYTES = 64 * MIB;
/** Creeping is more than this share of the budget in a third of the time. */
const FLAT = 0.02;
const TURN_MS = 5;
const KEYS_PER_STORE = 2_000_000;
const CLEARS_PER_SECOND = 0.1;

const { values: options } = parseArgs({
  options: {
    budget: { type: "string", default: String(512 * MIB) },
    json: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
    policy: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const random = randomOf(Number(options.seed));
const source = Buffer.alloc(MIB, 0x63);
const key = Buffer.alloc(KEY_BYTES);

await soak(WARM_BYTES, WARM_SECONDS);
collectGarbage();
collectGarbage();
const baseBytes = rssBytes();
progress(`base ${mib(baseBytes)} MiB`);
const budgetBytes = Number(options.budget);
const { rss, collected, operations } = await soak(budgetBytes, Number(options.minutes) * 60);
tell();

/** Random work on new stores for so long. Returns the RSS of each second. */
async function soak(bytes, seconds) {
  const budget = new MemoryBudget(bytes);
  const policies = Object.keys(EVICTION_POLICIES);
  const stores = Array.from({ length: STORES }, (_, index) => {
    const policy = options.policy ?? policies[index % policies.length];
    const placement = { partitions: 256, hashSeed: 0x5eed };
    return new Store({ budget, policy, clock: systemClock, placement });
  });
  const reclaimer = new Reclaimer(systemClock, () => stores);
  await reclaimer.start();
  const rss = [];
  let operations = 0;
  const beganAtMs = performance.now();
  for (let second = 1; second <= seconds; second++) {
    // What sizes are usual drifts, from second to second.
    const largestPower = 4 + random() * 16;
    while (performance.now() - beganAtMs < second * 1_000) {
      operations += turn(stores, largestPower);
      await passed(1);
    }
    if (random() < CLEARS_PER_SECOND) stores[Math.floor(random() * STORES)].clear();
    rss.push(rssBytes());
    if (second % 10 === 0) {
      progress(`${second} s: RSS ${mib(rss.at(-1))}, counted ${mib(budget.usedBytes)} MiB`);
    }
  }
  await reclaimer.stop();
  collectGarbage();
  collectGarbage();
  const collected = rssBytes();
  for (const store of stores) store.close();
  return { rss, collected, operations };
}

/** A few milliseconds of work. Returns how many operations that was. */
function turn(stores, largestPower) {
  const untilMs = performance.now() + TURN_MS;
  let operations = 0;
  do {
    const store = stores[Math.floor(random() ** 2 * STORES)];
    writeKey(key, 0, Math.floor(random() * KEYS_PER_STORE));
    operate(store, Math.floor(2 ** (random() * largestPower)));
    operations += 1;
  } while (operations % 16 !== 0 || performance.now() < untilMs);
  return operations;
}

/** As a node does. */
function read(store) {
  store.sought.setPart(key, 0, KEY_BYTES);
  if (store.findSought() !== undefined) store.useInPlace();
}

function operate(store, valueBytes) {
  const drawn = random();
  if (drawn < 0.3) read(store);
  else if (drawn < 0.35) store.remove(key);
  else {
    const entry = {
      key: "",
      value: source.subarray(0, valueBytes),
      encoding: 1,
      version: 2 ** 32,
      expiresAtMs:
        drawn < 0.65 ? Number.POSITIVE_INFINITY : systemClock.now() + 1 + random() * 30_000,
      pinned: false,
    };
    store.sought.set(key);
    store.putSought(entry);
  }
}

function tell() {
  const third = Math.ceil(rss.length / 3);
  const highest = Math.max(...rss);
  const [second, last] = [rss.slice(third, -third), rss.slice(-third)].map((part) =>
    Math.max(...part),
  );
  const figure = (name, bytes) => ({ name, value: bytes / MIB, unit: "MiB" });
  const alone = [
    figure("base", baseBytes),
    figure("budget", budgetBytes),
    figure("highest RSS", highest),
    figure("highest RSS of the second third", second),
    figure("highest RSS of the last third", last),
    figure("RSS at the end, once garbage is collected", collected),
    { name: "operations", value: operations, unit: "" },
  ];
  const bars = [
    bar("RSS beyond budget and base, in MiB", (highest - budgetBytes - baseBytes) / MIB, {
      most: ALLOWANCE_BYTES / MIB,
    }),
    bar("creeping, as a share of the budget", (last - second) / budgetBytes, { most: FLAT }),
  ];
  report("soak", { alone, bars }, options);
}

function mib(bytes) {
  return Math.round(bytes / MIB);
}
