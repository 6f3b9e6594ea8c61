/**
 * Latency of cache hits through the SDK, on a local cluster of this machine: `node
 * bench/hit-latency.mjs [nodes]`, 1 by default, after `npm run build`. Each line is the median of
 * three rounds; with more processes than cores the upper percentiles measure the scheduler.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { LocalCluster } from "@holdfast/cli";
import { connect } from "@holdfast/client";

const KEYS = 1_000;
const ROUNDS = 3;
const holdfast = fileURLToPath(new URL("../packages/cli/bin/holdfast.js", import.meta.url));
const caches = fileURLToPath(new URL("../examples/caches.yaml", import.meta.url));

const cluster = await LocalCluster.start({ nodes: Number(process.argv[2] ?? 1) });
try {
  const seed = cluster.seeds[0];
  execFileSync(process.execPath, [holdfast, "caches", "apply", caches, "--seed", seed]);
  const client = await connect({ seeds: cluster.seeds });
  const cache = client.cache("pages");
  for (let i = 0; i < KEYS; i++) await cache.set(`k${i}`, { i }, { ttl: "1h" });
  await round(cache, 64, 40_000);
  for (const inFlight of [1, 8, 64, 256]) await measure(cache, inFlight);
  await client.close();
} finally {
  await cluster.stop();
}

async function measure(cache, inFlight) {
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    rounds.push(await round(cache, inFlight, inFlight === 1 ? 10_000 : 40_000));
  }
  const median = (figure) => rounds.map((each) => each[figure]).sort((a, b) => a - b)[1];
  console.log(
    `${inFlight} in flight: p50 ${median("p50").toFixed(3)} ms, p99 ${median("p99").toFixed(3)} ms, ` +
      `${Math.round(median("perSecond"))} gets per second`,
  );
}

async function round(cache, inFlight, gets) {
  const latencies = [];
  let next = 0;
  const startedAt = performance.now();
  const worker = async () => {
    while (next < gets) {
      const key = `k${next++ % KEYS}`;
      const sentAt = performance.now();
      await cache.get(key);
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const perSecond = gets / ((performance.now() - startedAt) / 1_000);
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor(latencies.length * share)];
  return { p50: at(0.5), p99: at(0.99), perSecond };
}
