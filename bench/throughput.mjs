/**
 * Single-key operations a second, beside ioredis (plain, and with auto-pipelining), node-redis and memjs at their
 * servers; with three nodes, beside a Redis cluster of three. How it is measured: wire/singles.mjs.
 *
 * Run: npm run bench -- throughput [--json] [--values 100,1024,16384] [--nodes 1] [--rounds 5] [--clients a,b]
 */
import { parseArgs } from "node:util";
import { report } from "./report.mjs";
import { compareSingles } from "./wire/singles.mjs";

/** By nodes. */
const RIVALS = {
  1: ["ioredis-auto", "ioredis", "node-redis", "memjs"],
  3: ["ioredis-cluster"],
};
const BARS = {
  1: {
    100: { "ioredis-auto": 2.5 },
    1024: { "ioredis-auto": 2.0 },
    16384: { "ioredis-auto": 0.5 },
  },
  3: { 100: { "ioredis-cluster": 2.5 } },
};

const { values: options } = parseArgs({
  options: {
    clients: { type: "string" },
    json: { type: "boolean", default: false },
    nodes: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    values: { type: "string", default: "100,1024,16384" },
  },
});
const nodes = Number(options.nodes);
const measured = await compareSingles({
  rivals: options.clients?.split(",") ?? RIVALS[nodes] ?? [],
  sizes: options.values.split(",").map(Number),
  nodes,
  rounds: Number(options.rounds),
  bars: BARS[nodes] ?? {},
});
report("throughput", measured, options);
