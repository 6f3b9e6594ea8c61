/**
 * What it costs clients that nodes come, go and restart in order: `node bench/moves.mjs [--entries N]
 * [--json]`, after `npm run build`. Three nodes hold a million entries of a cache-aside cache, which are
 * in memory and nowhere else; a client reads nine times and writes once at 5,000 operations a second.
 * Two nodes are added, one after the other, then drained; then the three are restarted, one after the other.
 *
 * Of each phase: the worst second's throughput against the median of the quiet ones, the hit ratio
 * of the whole, failed calls, and how many partitions changed hands, against the fewest possible.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { LocalCluster } from "@holdfast/cli";
import { connect } from "@holdfast/client";
import { applyCaches, passed } from "./support.mjs";

const { values: options } = parseArgs({
  options: {
    entries: { type: "string", default: "1000000" },
    json: { type: "boolean", default: false },
  },
});
const ENTRIES = Number(options.entries);
const RATE = 5_000;
const WRITE_SHARE = 0.1;
const QUIET_MS = 10_000;
/** The load is given in portions this often. */
const PORTION_MS = 10;
const MOST_UNDER_WAY = 5_000;
const VALUE = "x".repeat(98);
const BARS = { hitDip: 0.01, throughputDip: 0.3, errors: 0 };

const cluster = await LocalCluster.start({ nodes: 3, memory: "2GiB" });
const client = await connect({ seeds: cluster.seeds });
const results = [];
try {
  applyCaches(cluster, "caches:\n  aside: {pattern: cache-aside}\n");
  await cluster.settled();
  const cache = client.cache("aside");
  await fill(cache);
  const load = startLoad(cache);
  await passed(QUIET_MS / 2);
  const quiet = await during(load, () => passed(QUIET_MS));
  await measure(load, quiet, "3 to 5 nodes", async () => {
    // One process after the other, as a StatefulSet starts them.
    await cluster.addNode();
    await cluster.addNode();
    await cluster.settled();
  });
  await measure(load, quiet, "5 to 3 nodes", async () => {
    for (const { nodeId } of cluster.nodes.slice(3)) await cluster.stopNode(nodeId);
    await cluster.settled();
  });
  await measure(load, quiet, "rolling restart", async () => {
    for (const { nodeId } of [...cluster.nodes]) {
      await cluster.restartNode(nodeId);
      await cluster.settled();
    }
  });
  await load.stop();
  report(quiet);
} finally {
  await client.close();
  await cluster.stop();
}

async function fill(cache) {
  const CHUNK = 2_000;
  for (let start = 0; start < ENTRIES; start += CHUNK) {
    const keys = Array.from({ length: Math.min(CHUNK, ENTRIES - start) }, (_, i) => start + i);
    await Promise.all(keys.map((key) => cache.set(`key-${key}`, VALUE)));
  }
}

/** Asks at a constant rate, whatever comes back; counts by the second. */
function startLoad(cache) {
  let isOver = false;
  let underWay = 0;
  let seconds = [];
  let second;
  const total = { hits: 0, gets: 0, errors: 0 };
  const one = async () => {
    const key = `key-${Math.floor(Math.random() * ENTRIES)}`;
    underWay += 1;
    try {
      if (Math.random() < WRITE_SHARE) await cache.set(key, VALUE);
      else {
        const value = await cache.get(key);
        total.gets += 1;
        if (value !== undefined) total.hits += 1;
      }
      if (second !== undefined) second.done += 1;
    } catch (error) {
      total.errors += 1;
      if (total.errors <= 3) console.error(error);
    } finally {
      underWay -= 1;
    }
  };
  const startedAt = performance.now();
  let asked = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now() - startedAt;
    const number = Math.floor(nowMs / 1_000);
    if (second?.number !== number) {
      second = { number, done: 0 };
      seconds.push(second);
    }
    const due = Math.floor((nowMs / 1_000) * RATE);
    for (; asked < due; asked++) if (underWay < MOST_UNDER_WAY && !isOver) void one();
  }, PORTION_MS);
  return {
    /** What has been counted since the last call; seconds that are not whole are left out. */
    take() {
      const taken = { ...total, seconds: seconds.slice(1, -1).map(({ done }) => done) };
      seconds = [];
      second = undefined;
      Object.assign(total, { hits: 0, gets: 0, errors: 0 });
      return taken;
    },
    async stop() {
      isOver = true;
      clearInterval(timer);
      while (underWay > 0) await passed(PORTION_MS);
    },
  };
}

async function during(load, act) {
  load.take();
  const startedAt = performance.now();
  await act();
  const tookMs = performance.now() - startedAt;
  const { hits, gets, errors, seconds } = load.take();
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? 0;
  return { tookMs, hitRatio: hits / gets, errors, median, worst: Math.min(...seconds) };
}

async function measure(load, quiet, name, act) {
  const before = ownersByPartition();
  const seen = await during(load, act);
  const after = ownersByPartition();
  const moved = [...after].filter(([partition, owner]) => before.get(partition) !== owner).length;
  results.push({
    name,
    seconds: Number((seen.tookMs / 1_000).toFixed(1)),
    hitRatio: seen.hitRatio,
    hitDip: quiet.hitRatio - seen.hitRatio,
    throughputDip: 1 - seen.worst / quiet.median,
    errors: seen.errors,
    moved,
    partitions: after.size,
  });
  await passed(2_000);
}

/** By a key in each partition. */
function ownersByPartition() {
  const owners = new Map();
  for (let key = 0; key < 20_000; key++) {
    const { partition, owner } = client.locate(`key-${key}`);
    owners.set(partition, owner?.nodeId);
  }
  return owners;
}

function report(quiet) {
  if (options.json) {
    console.log(JSON.stringify({ entries: ENTRIES, quiet, results, bars: BARS }));
    return;
  }
  console.log(
    `${ENTRIES.toLocaleString("en")} entries, ${RATE} operations a second, ${cpus().length} processors;`,
    `quiet: ${quiet.median}/s, hit ratio ${percent(quiet.hitRatio)}, ${quiet.errors} failed`,
  );
  for (const each of results) {
    console.log(
      `${each.name.padEnd(16)} ${each.seconds} s; hit ratio ${percent(each.hitRatio)}`,
      `(dip ${percent(each.hitDip)}, bar ${percent(BARS.hitDip)}); worst second`,
      `${percent(each.throughputDip)} below quiet (bar ${percent(BARS.throughputDip)});`,
      `${each.errors} failed (bar 0); ${each.moved} of ${each.partitions} partitions at another node`,
    );
  }
}

function percent(share) {
  return `${(share * 100).toFixed(2)} %`;
}
