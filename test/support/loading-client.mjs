/**
 * A client in a process of its own, which its launcher tells to read keys with a loader. The loader says that it has
 * begun, and ends when it is told to, with what it is told; or it never ends.
 *
 * In:  `{ seeds }` first; `{ getOrLoad: key, callers, options }`; `{ finish: value }`.
 * Out: `{ ready }`, `{ loading: key }`, `{ values }` of all callers, or `{ failed: code }`.
 */
import { connect } from "@holdfast/client";

let cluster;
let finish = () => {};

process.on("message", ({ seeds, getOrLoad: key, callers = 1, options, finish: value }) => {
  if (seeds !== undefined) void open(seeds);
  if (key !== undefined) void get(key, callers, options);
  if (value !== undefined) finish(value);
});
process.once("disconnect", () => process.exit());

async function open(seeds) {
  cluster = await connect({ seeds });
  process.send({ ready: true });
}

async function get(key, callers, options) {
  const load = () => {
    process.send({ loading: key });
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const cache = cluster.cache("pages");
  const reads = Array.from({ length: callers }, () => cache.getOrLoad(key, load, options));
  try {
    process.send({ values: await Promise.all(reads) });
  } catch ({ code = "INTERNAL" }) {
    process.send({ failed: code });
  }
}
