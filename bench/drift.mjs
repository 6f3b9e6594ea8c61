/**
 * How much of a full store's memory holds live data when value sizes drift: 64 B, then 4 KiB, then 64 B again, each
 * for so long that everything has been replaced several times; then mixtures from 1 B to 1 MiB, each size as
 * often as ten times that. A slab allocator that never gives a size's memory to another would be left with little.
 *
 * Live are the slots of the entries that are there, with head, key and value, and what an entry takes of the tables.
 * `exact` is the same without what slots are larger than what is in them, and `payload` is keys and values alone. All
 * are shares of the budget. A shift is followed in steps, by how often the budget has been written since: `lowest`
 * is the worst of them.
 *
 * Run: npm run bench -- drift [--json] [--budget 268435456] [--policy lru] [--turnovers 3]
 */
import { parseArgs } from "node:util";
import { systemClock } from "../packages/core/dist/index.js";
import { MemoryBudget } from "../packages/node/dist/store/memory-budget.js";
import { recordBytes } from "../packages/node/dist/store/record-layout.js";
import { Store } from "../packages/node/dist/store/store.js";
import { KEY_BYTES, randomOf, writeKey } from "./load.mjs";
import { bar, progress, report } from "./report.mjs";

const PARTITIONS = 64;
const HEAD_BYTES = 12;
/** Facts, a place in the index, two links: what each entry takes at least, whatever the policy. */
const TABLES_BYTES = 22;
const LEAST_LIVE = 0.85;
/** Looks at what is live, while the budget is written once. */
const LOOKS_PER_TURNOVER = 4;

const { values: options } = parseArgs({
  options: {
    budget: { type: "string", default: String(256 * 2 ** 20) },
    json: { type: "boolean", default: false },
    policy: { type: "string", default: "lru" },
    turnovers: { type: "string", default: "3" },
  },
});
const BUDGET_BYTES = Number(options.budget);
const random = randomOf(5);
const source = Buffer.alloc(2 ** 20, 0x62);
const key = Buffer.alloc(KEY_BYTES);
const phases = [
  ["64 B", () => 64],
  ["4 KiB", () => 4_096],
  ["64 B again", () => 64],
  ["1 B to 1 MiB", () => Math.floor(2 ** (random() * 20))],
  ["64 B to 4 KiB", () => Math.floor(2 ** (6 + random() * 6))],
  ["1 B to 1 MiB again", () => Math.floor(2 ** (random() * 20))],
];

const budget = new MemoryBudget(BUDGET_BYTES);
const store = new Store({
  budget,
  policy: options.policy,
  clock: systemClock,
  placement: { partitions: PARTITIONS, hashSeed: 0x5eed },
});
let next = 0;
const alone = [];
const bars = [];
phases.forEach(([name, size], index) => {
  const looks = turnOver(size);
  // While the first phase fills the store, it is not full.
  const full = index === 0 ? looks.slice(-1) : looks;
  const last = looks.at(-1);
  const lowest = Math.min(...full.map(({ live }) => live));
  for (const [figure, value] of Object.entries({ ...last, lowest })) {
    alone.push({ name: `${figure}, ${name}`, value, unit: figure === "entries" ? "" : "of all" });
  }
  bars.push(bar(`live data, ${name}`, last.live, { least: LEAST_LIVE }));
});
report("drift", { alone, bars }, options);

/** Writes new entries of such sizes, the budget over and over. Returns what was live meanwhile. */
function turnOver(size) {
  const looks = [];
  const perLook = BUDGET_BYTES / LOOKS_PER_TURNOVER;
  for (let look = 0; look < LOOKS_PER_TURNOVER * Number(options.turnovers); look++) {
    for (let written = 0; written < perLook; ) {
      const valueBytes = size();
      write(valueBytes);
      written += HEAD_BYTES + KEY_BYTES + valueBytes + TABLES_BYTES;
    }
    looks.push(occupied());
    const { live, payload, entries } = looks.at(-1);
    progress(`${entries} entries: live ${live.toFixed(3)}, payload ${payload.toFixed(3)}`);
  }
  return looks;
}

function write(valueBytes) {
  writeKey(key, 0, next++);
  const entry = {
    key: "",
    value: source.subarray(0, valueBytes),
    encoding: 1,
    version: 2 ** 32,
    expiresAtMs: Number.POSITIVE_INFINITY,
    pinned: false,
  };
  store.sought.set(key);
  store.putSought(entry);
}

function occupied() {
  let slotBytes = 0;
  let payloadBytes = 0;
  let entries = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (const { value } of store.entriesOf(partition)) {
      slotBytes += recordBytes(KEY_BYTES, value.length);
      payloadBytes += KEY_BYTES + value.length;
      entries += 1;
    }
  }
  return {
    live: (slotBytes + entries * TABLES_BYTES) / BUDGET_BYTES,
    exact: (payloadBytes + entries * (HEAD_BYTES + TABLES_BYTES)) / BUDGET_BYTES,
    payload: payloadBytes / BUDGET_BYTES,
    counted: budget.usedBytes / BUDGET_BYTES,
    entries,
  };
}
