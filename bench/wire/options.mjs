/** What the comparisons of one client with others can be told: by whom, with what values, how often. */
import { parseArgs } from "node:util";

export function comparisonOptions() {
  const { values } = parseArgs({
    options: {
      clients: { type: "string", default: "ioredis,node-redis,memjs" },
      json: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      values: { type: "string", default: "100" },
    },
  });
  return {
    json: values.json,
    rivals: values.clients.split(","),
    rounds: Number(values.rounds),
    sizes: values.values.split(",").map(Number),
  };
}
