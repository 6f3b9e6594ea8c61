/**
 * What gRPC costs: single-key operations a second, beside the same client and the same node whose messages go over a
 * bare TCP socket, or over a bare stream of node:http2. How it is measured: wire/singles.mjs.
 *
 * Run: npm run bench -- pipeline-limit [--json] [--values 100,16384] [--rounds 5]
 */
import { parseArgs } from "node:util";
import { report } from "./report.mjs";
import { compareSingles } from "./wire/singles.mjs";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    values: { type: "string", default: "100,16384" },
  },
});
const measured = await compareSingles({
  rivals: ["bare-tcp", "bare-http2"],
  sizes: options.values.split(",").map(Number),
  nodes: 1,
  rounds: Number(options.rounds),
  bars: { 100: { "bare-tcp": 0.9 }, 16384: { "bare-http2": 0.8 } },
});
report("pipeline-limit", measured, options);
