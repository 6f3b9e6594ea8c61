/**
 * Latency of a hit with one operation in flight, beside ioredis, node-redis and memjs at their servers. Rounds are
 * taken in turn; each figure is a median of those of the rounds.
 *
 * Run: npm run bench -- latency [--json] [--values 100] [--rounds 5] [--clients a,b]
 */
import { bar, compared, quantile, report } from "./report.mjs";
import { Field } from "./wire/field.mjs";
import { comparisonOptions } from "./wire/options.mjs";

const OPERATIONS = 10_000;
const OURS = "holdfast";
const QUANTILES = { p50: 0.5, p99: 0.99 };
/** At most so many times as long as with ioredis. */
const BARS = { p50: 1.3, p99: 1.5 };

const options = comparisonOptions();

const results = [];
const bars = [];
for (const valueBytes of options.sizes) {
  const clients = [OURS, ...options.rivals];
  const field = await Field.open({ clients, nodes: 1, valueBytes });
  try {
    await compare(field, valueBytes);
  } finally {
    await field.close();
  }
}
report("latency", { results, bars }, options);

async function compare(field, valueBytes) {
  const rounds = new Map(field.clients.map((client) => [client, []]));
  // The first one warms up.
  for (let round = 0; round <= options.rounds; round++) {
    for (const client of field.clients) {
      const took = await field.ask(client, { do: "latency", operations: OPERATIONS });
      if (round > 0) rounds.get(client).push(took);
    }
  }
  for (const peerName of field.clients.filter((client) => client !== OURS)) {
    for (const [quantileName, share] of Object.entries(QUANTILES)) {
      const [ours, peer] = [OURS, peerName].map((client) =>
        rounds.get(client).map((took) => quantile(took, share)),
      );
      const name = `get ${valueBytes} B, 1 in flight, ${quantileName}`;
      const result = compared({ name, ours, peer, peerName, unit: "ms" });
      results.push(result);
      if (peerName !== "ioredis") continue;
      bars.push(bar(`${name} / ${peerName}`, result.ratio, { most: BARS[quantileName] }));
    }
  }
}
