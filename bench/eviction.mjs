/**
 * Hit ratios of the eviction policies on traces of real requests, beside those of a cache that knows
 * the future. Run after a build, on a folder of traces (their format: traces.mjs):
 *
 *   node bench/eviction.mjs <folder> [--policies lru,adaptive] [--traces oltp,loop] [--json]
 *
 * Every trace is replayed at 0.1, 1, 5, 10 and 25 % of its objects, the small ones at 5, 10, 20 and
 * 40 %, by the same classes that stores use; a request for an object that is not there inserts it.
 * What counts in the end is how much of the way from LRU to the optimum a policy goes, over all cells
 * together ("gap closed"), and in how many cells it does worse than LRU.
 */
import { parseArgs } from "node:util";
import { EVICTION_POLICIES, NO_ENTRY } from "../packages/node/dist/eviction/index.js";
import { spread } from "../packages/node/dist/eviction/spread.js";
import { capacitiesOf, isLarge, nextUses, optimalHits, readTrace, traceNames } from "./traces.mjs";

/** Less than this below LRU, in points of hit ratio, counts as equal. */
const NEGLIGIBLE = 0.25;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    policies: { type: "string" },
    traces: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("usage: node bench/eviction.mjs <folder of traces>");
const policies = [
  ...new Set(["lru", ...(options.policies?.split(",") ?? Object.keys(EVICTION_POLICIES))]),
];

const cells = [];
if (!options.json) printRow("trace", "entries", ["opt", ...policies]);
for (const name of options.traces?.split(",") ?? traceNames(folder)) {
  const trace = readTrace(folder, name);
  const next = nextUses(trace);
  for (const capacity of capacitiesOf(trace)) {
    const cell = measure(trace, next, capacity);
    cells.push(cell);
    if (!options.json) {
      const ratios = policies.map((policy) => cell.hitRatios[policy]);
      printRow(name, capacity, [cell.optimal, ...ratios].map(percent));
    }
  }
}
const summary = Object.fromEntries(policies.map((policy) => [policy, summarise(policy)]));
if (options.json) console.log(JSON.stringify({ cells, summary }, undefined, 2));
else printSummary();

function measure(trace, next, capacity) {
  const requests = trace.ids.length;
  const optimal = optimalHits(trace, next, capacity) / requests;
  const hitRatios = {};
  const nsPerRequest = {};
  for (const policy of policies) {
    const startedAt = performance.now();
    hitRatios[policy] = replay(trace, policy, capacity) / requests;
    nsPerRequest[policy] = Math.round(((performance.now() - startedAt) * 1e6) / requests);
  }
  return { trace: trace.name, capacity, requests, optimal, hitRatios, nsPerRequest };
}

/** Plays a store without values: it hands out ids, and uses them again. */
function replay({ ids, objects }, policyName, capacity) {
  const idOf = new Uint32Array(objects);
  const objectOf = new Uint32Array(capacity + 1);
  const hashes = Uint32Array.from({ length: objects }, (_, object) => spread(object, 0));
  const policy = EVICTION_POLICIES[policyName]({
    hashOf: (id) => hashes[objectOf[id]],
    bytesOf: () => 1,
  });
  policy.reserve(capacity);
  policy.setCapacity(capacity);
  let hits = 0;
  for (let i = 0; i < ids.length; i++) {
    const object = ids[i];
    let id = idOf[object];
    if (id !== NO_ENTRY) {
      hits += 1;
      policy.hit(id, hashes[object]);
      continue;
    }
    if (policy.size < capacity) id = policy.size + 1;
    else {
      id = policy.evict(NO_ENTRY);
      idOf[objectOf[id]] = NO_ENTRY;
    }
    idOf[object] = id;
    objectOf[id] = object;
    policy.insert(id, hashes[object]);
  }
  return hits;
}

function summarise(policy) {
  const losses = cells
    .map(({ trace, capacity, hitRatios }) => ({
      cell: `${trace}@${capacity}`,
      points: 100 * (hitRatios.lru - hitRatios[policy]),
    }))
    .sort((a, b) => b.points - a.points);
  const times = cells.map(({ nsPerRequest }) => nsPerRequest[policy]).sort((a, b) => a - b);
  return {
    gapClosed: gapClosed(policy, cells),
    gapClosedOfLarge: gapClosed(
      policy,
      cells.filter(({ trace }) => isLarge(trace)),
    ),
    below: losses.filter(({ points }) => points > NEGLIGIBLE),
    worst: losses[0],
    medianNsPerRequest: times[times.length >> 1],
  };
}

function gapClosed(policy, among) {
  let gained = 0;
  let possible = 0;
  for (const { optimal, hitRatios } of among) {
    gained += hitRatios[policy] - hitRatios.lru;
    possible += optimal - hitRatios.lru;
  }
  return possible === 0 ? 0 : gained / possible;
}

function printSummary() {
  console.log(`\n${cells.length} cells`);
  for (const [
    policy,
    { gapClosed: all, gapClosedOfLarge, below, worst, ...rest },
  ] of Object.entries(summary)) {
    console.log(
      `${policy.padEnd(10)} closes ${percent(all)} % of the gap, ${percent(gapClosedOfLarge)} % of the large traces'; ` +
        `below LRU in ${below.length}, worst ${worst.points.toFixed(2)} (${worst.cell}); ` +
        `${rest.medianNsPerRequest} ns per request`,
    );
  }
}

function printRow(trace, capacity, columns) {
  const cellsOfRow = columns.map((column) => String(column).padStart(9));
  console.log(`${trace.padEnd(26)}${String(capacity).padStart(8)}${cellsOfRow.join("")}`);
}

function percent(ratio) {
  return (100 * ratio).toFixed(2);
}
