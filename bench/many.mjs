/**
 * Keys a second by `getMany` of 100 keys, beside `MGET` of 100 with ioredis and node-redis, and 100 `get`s of memjs: with
 * one list in flight, and with eight. Rounds are taken in turn, and each figure is a median.
 *
 * Run: npm run bench -- many [--json] [--values 100] [--rounds 5] [--clients a,b]
 */
import { bar, compared, report } from "./report.mjs";
import { Field } from "./wire/field.mjs";
import { comparisonOptions } from "./wire/options.mjs";

const PER_LIST = 100;
const LISTS_IN_FLIGHT = [1, 8];
const LISTS = 1_500;
const OURS = "holdfast";
/** At least so many times as many as with ioredis. */
const LEAST = 1.3;

const options = comparisonOptions();

const results = [];
const bars = [];
for (const valueBytes of options.sizes) {
  const clients = [OURS, ...options.rivals];
  const field = await Field.open({ clients, nodes: 1, valueBytes });
  try {
    for (const inFlight of LISTS_IN_FLIGHT) await compare(field, valueBytes, inFlight);
  } finally {
    await field.close();
  }
}
report("many", { results, bars }, options);

async function compare(field, valueBytes, inFlight) {
  const rounds = new Map(field.clients.map((client) => [client, []]));
  const task = { do: "many", lists: LISTS, perList: PER_LIST, inFlight };
  // The first one warms up.
  for (let round = 0; round <= options.rounds; round++) {
    for (const client of field.clients) {
      const { perSecond } = await field.ask(client, task);
      if (round > 0) rounds.get(client).push(perSecond);
    }
  }
  for (const peerName of field.clients.filter((client) => client !== OURS)) {
    const name = `getMany(${PER_LIST}) ${valueBytes} B, ${inFlight} lists in flight`;
    const [ours, peer] = [rounds.get(OURS), rounds.get(peerName)];
    const result = compared({ name, ours, peer, peerName, unit: "keys/s" });
    results.push(result);
    if (peerName === "ioredis")
      bars.push(bar(`${name} / ${peerName}`, result.ratio, { least: LEAST }));
  }
}
