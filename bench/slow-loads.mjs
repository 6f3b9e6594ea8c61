/**
 * Whether a slow load holds up the hits beside it: the latency of hits, 20 in each message, alone and with a read in the
 * same message that waits two seconds for somebody else's load. Rounds are taken in turn, and each figure is a median.
 *
 * Run: npm run bench -- slow-loads [--json] [--rounds 15]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LocalCluster } from "@holdfast/cli";
import { connect } from "@holdfast/client";
import { answer, Contestant, role } from "./processes.mjs";
import { bar, compared, quantile, report } from "./report.mjs";
import { applyCaches, passed } from "./support.mjs";

const HITS_PER_MESSAGE = 20;
const MESSAGES = 2_000;
const SLOW_MS = 2_000;
const KEYS = 1_000;
/** At most so many times as long as without. */
const BARS = { p99: 2 };
const QUANTILES = { p50: 0.5, p99: 0.99 };

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "15" },
  },
});

async function compare() {
  const cluster = await LocalCluster.start({ nodes: 1 });
  try {
    await cluster.settled();
    applyCaches(cluster, "caches:\n  bench: {pattern: cache-aside}\n");
    const contestant = new Contestant(fileURLToPath(import.meta.url), { seeds: cluster.seeds });
    const rounds = { with: [], without: [] };
    // The first one warms up.
    for (let round = 0; round <= Number(options.rounds); round++) {
      for (const [name, latencies] of Object.entries(rounds)) {
        const took = await contestant.ask({ withSlow: name === "with" });
        if (round > 0) latencies.push(took);
      }
    }
    await contestant.stop();
    tell(rounds);
  } finally {
    await cluster.stop();
  }
}

function tell(rounds) {
  const results = Object.entries(QUANTILES).map(([name, share]) =>
    compared({
      name: `hit beside a load of ${SLOW_MS} ms, ${name}`,
      ours: rounds.with.map((took) => quantile(took, share)),
      peer: rounds.without.map((took) => quantile(took, share)),
      peerName: "without",
      unit: "ms",
    }),
  );
  const bars = results
    .filter(({ name }) => name.endsWith("p99"))
    .map(({ name, ratio }) => bar(name, ratio, { most: BARS.p99 }));
  report("slow-loads", { results, bars }, options);
}

/** What the client's process does. */
async function serve({ seeds }) {
  const [cluster, others] = [await connect({ seeds }), await connect({ seeds })];
  const [cache, theirs] = [cluster.cache("bench"), others.cache("bench")];
  await cache.setMany(Array.from({ length: KEYS }, (_, number) => [`key-${number}`, { number }]));
  let slowKeys = 0;
  answer(async ({ withSlow }) => {
    const took = [];
    const slow = [];
    for (let message = 0; message < MESSAGES; message++) {
      if (withSlow) slow.push(await waitingRead());
      const hits = Array.from({ length: HITS_PER_MESSAGE }, (_, hit) => timed(message + hit, took));
      await Promise.all(hits);
    }
    await Promise.all(slow.map(({ read }) => read));
    return took.sort((a, b) => a - b);
  });

  /** A read that is sent with what this tick asks for, of a key that another client is loading. */
  async function waitingRead() {
    const key = `slow-${slowKeys++}`;
    const isLoading = new Promise((resolve) => {
      const load = async () => {
        resolve();
        await passed(SLOW_MS);
        return { key };
      };
      void theirs.getOrLoad(key, load);
    });
    await isLoading;
    return { read: cache.getOrLoad(key, () => ({ key })) };
  }

  async function timed(number, took) {
    const startedAt = performance.now();
    await cache.get(`key-${number % KEYS}`);
    took.push(performance.now() - startedAt);
  }
}

if (role === undefined) await compare();
else await serve(role);
