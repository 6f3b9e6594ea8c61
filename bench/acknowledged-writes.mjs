/**
 * What acknowledgements cost: writes per second through the SDK into caches of each acknowledgement
 * level, against plain sets of a cache-aside cache in the same run, on so many nodes (2 by default):
 * `node bench/acknowledged-writes.mjs [--nodes N] [--json]`, after `npm run build`. Rounds are taken
 * in turn; each figure is a median. The keys are few enough that flushing them costs little.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { LocalCluster } from "@holdfast/cli";
import { bytes, connect } from "@holdfast/client";
import { applyCaches } from "./support.mjs";

const ROUNDS = 5;
const WRITES = 60_000;
const KEYS = 5_000;
const VALUE = Buffer.alloc(100, 1);
const IN_FLIGHT = 256;
const PEER = "plain";
/** Caches by name, and their levels. */
const LEVELS = {
  memory: "memory",
  journal: "journal",
  backup: "backup",
  "journal-and-backup": "journal+backup",
};
const { values: options } = parseArgs({
  options: { nodes: { type: "string", default: "2" }, json: { type: "boolean", default: false } },
});

const behind = (ack) =>
  `{pattern: write-behind, source: {kind: entries}, writeBehind: {ack: ${ack}, maxDelay: 2s, batchMaxRows: 5000}}`;
const CACHES = `caches:
  ${PEER}: {pattern: cache-aside}
${Object.entries(LEVELS)
  .map(([name, level]) => `  ${name}: ${behind(level)}\n`)
  .join("")}`;

const cluster = await LocalCluster.start({ nodes: Number(options.nodes) });
try {
  await cluster.settled();
  applyCaches(cluster, CACHES);
  const client = await connect({ seeds: cluster.seeds, timeout: "30s" });
  const names = [PEER, ...Object.keys(LEVELS)];
  const rates = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) await round(client.cache(name, { codec: bytes() }));
  for (let i = 0; i < ROUNDS; i++) {
    for (const name of names) {
      rates[name].push(await round(client.cache(name, { codec: bytes() })));
    }
  }
  await client.close();
  report(rates);
} finally {
  await cluster.stop();
}

async function round(cache) {
  let next = 0;
  const startedAt = performance.now();
  const worker = async () => {
    while (next < WRITES) await cache.set(`key-${next++ % KEYS}`, VALUE);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return WRITES / ((performance.now() - startedAt) / 1_000);
}

function report(rates) {
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  const peer = median(rates[PEER]);
  const results = Object.entries(rates)
    .filter(([name]) => name !== PEER)
    .map(([name, runs]) => ({
      name: `set 100 B ${name} ${IN_FLIGHT} in flight`,
      ours: Math.round(median(runs)),
      peer: Math.round(peer),
      peerName: "cache-aside set",
      ratio: Number((median(runs) / peer).toFixed(2)),
      unit: "writes/s",
      runs: runs.length,
    }));
  if (options.json) {
    const machine = { cores: cpus().length, node: process.version };
    console.log(JSON.stringify({ bench: "acknowledged-writes", machine, results }));
    return;
  }
  for (const { name, ours, peer: theirs, ratio, unit } of results) {
    console.log(`${name}: ${ours} ${unit}, ${ratio} of ${theirs} plain ones`);
  }
}
