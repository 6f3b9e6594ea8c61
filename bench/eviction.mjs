/**
 * Hit ratios of the eviction policies on traces of real requests, beside those of a cache that knows
 * the future. Run after a build, on a folder of traces (their format: traces.mjs):
 *
 *   node bench/eviction.mjs <folder> [--policies lru,adaptive] [--traces oltp,loop] [--sized] [--json]
 *
 * Every trace is replayed at 0.1, 1, 5, 10 and 25 % of its objects, the small ones at 5, 10, 20 and
 * 40 %, by the same classes that stores use; a request for an object that is not there inserts it.
 * What counts in the end is how much of the way from LRU to the optimum a policy goes, over all cells
 * together ("gap closed"), and in how many cells it does worse than LRU.
 *
 * With `--sized` only traces that know the sizes of their objects are replayed, at 5, 10 and 25 % of
 * the bytes of all; the ratio of the bytes that hit stands behind that of the requests.
 */
import { parseArgs } from "node:util";
import { EVICTION_POLICIES, NO_ENTRY } from "../packages/node/dist/eviction/index.js";
import { spread } from "../packages/node/dist/eviction/spread.js";
import {
  byteCapacitiesOf,
  capacitiesOf,
  isLarge,
  nextUses,
  optimalHits,
  readTrace,
  traceNames,
} from "./traces.mjs";

/** Less than this below LRU, in points of hit ratio, counts as equal. */
const NEGLIGIBLE = 0.25;
/** After how many requests a policy is told anew how many entries fit. */
const NEWS_OF_CAPACITY = 1000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    policies: { type: "string" },
    traces: { type: "string" },
    sized: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("usage: node bench/eviction.mjs <folder of traces>");
const policies = [
  ...new Set(["lru", ...(options.policies?.split(",") ?? Object.keys(EVICTION_POLICIES))]),
];

const cells = [];
if (!options.json) printRow("trace", options.sized ? "bytes" : "entries", ["opt", ...policies]);
for (const name of options.traces?.split(",") ?? traceNames(folder)) {
  const trace = readTrace(folder, name);
  if (options.sized && trace.sizes === undefined) continue;
  const next = nextUses(trace);
  for (const capacity of options.sized ? byteCapacitiesOf(trace) : capacitiesOf(trace)) {
    const cell = measure(trace, next, capacity);
    cells.push(cell);
    if (!options.json) printCell(cell);
  }
}
if (cells.length === 0) throw new Error("no such traces there");
const summary = Object.fromEntries(policies.map((policy) => [policy, summarise(policy)]));
if (options.json) console.log(JSON.stringify({ cells, summary }, undefined, 2));
else printSummary();

function measure(trace, next, capacity) {
  const { name, ids } = trace;
  const sizes = options.sized ? trace.sizes : new Uint32Array(trace.objects).fill(1);
  const totalBytes = ids.reduce((sum, object) => sum + sizes[object], 0);
  const optimal = optimalHits(trace, next, capacity, sizes);
  const cell = {
    trace: name,
    capacity,
    requests: ids.length,
    optimal: optimal.hits / ids.length,
    optimalOfBytes: optimal.hitBytes / totalBytes,
    hitRatios: {},
    byteHitRatios: {},
    nsPerRequest: {},
  };
  for (const policy of policies) {
    const startedAt = performance.now();
    const { hits, hitBytes } = replay({ ids, sizes }, policy, capacity);
    cell.hitRatios[policy] = hits / ids.length;
    cell.byteHitRatios[policy] = hitBytes / totalBytes;
    cell.nsPerRequest[policy] = Math.round(((performance.now() - startedAt) * 1e6) / ids.length);
  }
  return cell;
}

/** Plays a store without values: it hands out ids, uses them again, and makes room before it inserts. */
function replay({ ids, sizes }, policyName, capacity) {
  const idOf = new Uint32Array(sizes.length);
  const objectOf = new Uint32Array(sizes.length + 1);
  const hashes = Uint32Array.from({ length: sizes.length }, (_, object) => spread(object, 0));
  const policy = EVICTION_POLICIES[policyName]({
    hashOf: (id) => hashes[objectOf[id]],
    bytesOf: (id) => sizes[objectOf[id]],
  });
  const free = [];
  let largestId = NO_ENTRY;
  let used = 0;
  let hits = 0;
  let hitBytes = 0;
  policy.setCapacity(Math.round(capacity / meanOf(sizes)));
  for (let i = 0; i < ids.length; i++) {
    const object = ids[i];
    const size = sizes[object];
    let id = idOf[object];
    if (id !== NO_ENTRY) {
      hits += 1;
      hitBytes += size;
      policy.hit(id, hashes[object]);
      continue;
    }
    if (size > capacity) continue;
    while (used + size > capacity) {
      const victim = policy.evict(NO_ENTRY);
      used -= sizes[objectOf[victim]];
      idOf[objectOf[victim]] = NO_ENTRY;
      free.push(victim);
    }
    id = free.pop();
    if (id === undefined) {
      id = ++largestId;
      policy.reserve(id);
    }
    idOf[object] = id;
    objectOf[id] = object;
    used += size;
    policy.insert(id, hashes[object]);
    if (i % NEWS_OF_CAPACITY === 0) policy.setCapacity(Math.round((capacity * policy.size) / used));
  }
  return { hits, hitBytes };
}

function meanOf(sizes) {
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
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

function printCell({ trace, capacity, optimal, optimalOfBytes, hitRatios, byteHitRatios }) {
  const columns = policies.map((policy) => format(hitRatios[policy], byteHitRatios[policy]));
  printRow(trace, capacity, [format(optimal, optimalOfBytes), ...columns]);
}

function format(ratio, ofBytes) {
  return options.sized ? `${percent(ratio)}/${percent(ofBytes)}` : percent(ratio);
}

function printRow(trace, capacity, columns) {
  const cellsOfRow = columns.map((column) => String(column).padStart(options.sized ? 13 : 9));
  console.log(`${trace.padEnd(26)}${String(capacity).padStart(12)}${cellsOfRow.join("")}`);
}

function percent(ratio) {
  return (100 * ratio).toFixed(2);
}
