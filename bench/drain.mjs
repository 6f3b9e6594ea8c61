/**
 * How long a node takes to leave with many dirty entries and a healthy database:
 * `node bench/drain.mjs [--dirty N] [--json]`, after `npm run build`. Two cases, each in a cluster of its
 * own: one of three nodes leaves, so that its entries travel; and a node that is alone leaves, so that
 * they are flushed. Time is from the command to the end of the node's process.
 */
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs, promisify } from "node:util";
import { LocalCluster } from "@holdfast/cli";
import { bytes, connect } from "@holdfast/client";
import { applyCaches, HOLDFAST, passed } from "./support.mjs";

const { values: options } = parseArgs({
  options: {
    dirty: { type: "string", default: "100000" },
    json: { type: "boolean", default: false },
  },
});
const DIRTY = Number(options.dirty);
const BAR_SECONDS = 15;
const VALUE = Buffer.alloc(100, 1);
const IN_FLIGHT = 256;
/** What is dirty stays so until the node is drained. */
const CACHES = `caches:
  behind:
    pattern: write-behind
    source: {kind: entries}
    writeBehind: {maxDelay: 10m, queueMaxEntries: 10000000, queueMaxBytes: 1GiB}
`;

const results = [await measure("one of three", 3), await measure("a node alone", 1)];
report();

async function measure(name, nodes) {
  const cluster = await LocalCluster.start({ nodes, memory: "2GiB" });
  try {
    await cluster.settled();
    applyCaches(cluster, CACHES);
    const client = await connect({ seeds: cluster.seeds, timeout: "30s" });
    const [{ nodeId, pid }] = cluster.nodes;
    const [seed] = cluster.seeds;
    const dirty = await fill(client, nodeId);
    await client.close();
    const startedAt = performance.now();
    const { remaining } = await drain(nodeId, seed);
    while (isAlive(pid)) await passed(10);
    const seconds = (performance.now() - startedAt) / 1_000;
    return { name, dirty, seconds: Number(seconds.toFixed(1)), remaining };
  } finally {
    await cluster.stop();
  }
}

/** Until this node has so many dirty entries; writes go to all of them. */
async function fill(client, nodeId) {
  const cache = client.cache("behind", { codec: bytes() });
  let dirty = 0;
  let next = 0;
  const worker = async () => {
    while (dirty < DIRTY) {
      const key = `key-${next++}`;
      await cache.set(key, VALUE);
      if (client.locate(key).owner?.nodeId === nodeId) dirty += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return dirty;
}

async function drain(nodeId, seed) {
  const args = [HOLDFAST, "drain", nodeId, "--seed", seed, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function report() {
  if (options.json) {
    const machine = { cores: cpus().length, node: process.version };
    console.log(JSON.stringify({ bench: "drain", machine, barSeconds: BAR_SECONDS, results }));
    return;
  }
  for (const { name, dirty, seconds, remaining } of results) {
    console.log(
      `${name}: ${dirty} dirty entries, gone after ${seconds} s (bar ${BAR_SECONDS}); ${remaining} remained`,
    );
  }
}
