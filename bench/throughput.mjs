/**
 * Single-key operations a second from one client process: 90 % `get`, 256 in flight, 16-byte keys, beside ioredis
 * (plain, and with auto-pipelining), node-redis and memjs at their servers, and beside the same client and node
 * whose frames go over a bare TCP socket, or a bare stream of node:http2, instead of gRPC. With three nodes: beside a
 * Redis cluster.
 *
 * Clients and servers are processes of their own. Rounds are taken in turn, ours and the others', and each figure is
 * a median. `cpu` is what an operation costs the client's process.
 *
 * Run: npm run bench -- throughput [--json] [--values 100,1024,16384] [--nodes 1] [--rounds 5] [--clients a,b]
 */
import { parseArgs } from "node:util";
import { bar, compared, median, progress, report } from "./report.mjs";
import { Field } from "./wire/field.mjs";

const IN_FLIGHT = 256;
const ROUND_MS = 1_500;
const OURS = "holdfast";
/** At least so many times as much as those, by bytes of a value. */
const BARS = {
  1: {
    100: { "ioredis-auto": 2.5, "bare-tcp": 0.9 },
    1024: { "ioredis-auto": 2.0 },
    16384: { "ioredis-auto": 0.5, "bare-http2": 0.8 },
  },
  3: { 100: { "ioredis-cluster": 2.5 } },
};

const { values: options } = parseArgs({
  options: {
    clients: { type: "string" },
    json: { type: "boolean", default: false },
    nodes: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    values: { type: "string" },
  },
});
const nodes = Number(options.nodes);
const sizes = (options.values ?? (nodes === 1 ? "100,1024,16384" : "100")).split(",").map(Number);
const rivals =
  options.clients?.split(",") ??
  (nodes === 1
    ? ["ioredis-auto", "ioredis", "node-redis", "memjs", "bare-tcp", "bare-http2"]
    : ["ioredis-cluster"]);

const results = [];
const alone = [];
for (const valueBytes of sizes) {
  const field = await Field.open({ clients: [OURS, ...rivals], nodes, valueBytes });
  try {
    await compare(field, valueBytes);
  } finally {
    await field.close();
  }
}
const bars = results.flatMap(({ name, valueBytes, peerName, ratio }) => {
  const least = BARS[nodes]?.[valueBytes]?.[peerName];
  return least === undefined ? [] : [bar(`${name} / ${peerName}`, ratio, { least })];
});
report("throughput", { results, alone, bars }, options);

async function compare(field, valueBytes) {
  const operations = new Map();
  for (const client of field.clients) {
    await field.ask(client, { do: "single", operations: 20_000, inFlight: IN_FLIGHT });
    const warm = { do: "single", operations: 60_000, inFlight: IN_FLIGHT };
    const { perSecond } = await field.ask(client, warm);
    operations.set(client, Math.round((perSecond * ROUND_MS) / 1_000));
  }
  const rounds = new Map(field.clients.map((client) => [client, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const client of field.clients) {
      const task = { do: "single", operations: operations.get(client), inFlight: IN_FLIGHT };
      rounds.get(client).push(await field.ask(client, task));
    }
  }
  const name = `mixed, ${valueBytes} B, ${IN_FLIGHT} in flight, ${nodes} nodes`;
  const rates = (client) => rounds.get(client).map(({ perSecond }) => perSecond);
  for (const client of field.clients) {
    const cpu = median(rounds.get(client).map(({ cpuMicroseconds }) => cpuMicroseconds));
    alone.push({ name: `${client}, ${valueBytes} B: client cpu`, value: cpu, unit: "µs" });
    progress(`${name}: ${client} ${Math.round(median(rates(client)))} a second`);
    if (client === OURS) continue;
    const both = { ours: rates(OURS), peer: rates(client), peerName: client };
    results.push({ ...compared({ name, ...both, unit: "operations/s" }), valueBytes });
  }
}
