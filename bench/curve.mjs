/**
 * Compares the miss-ratio curve with the truth: replays traces through an LRU cache of each of several
 * sizes, tells the curve what the cache tells it in a node, and compares what it says of other sizes
 * with LRU caches that really have them. Then measures what a read costs, and with --load what both curves
 * of a cache, its own and the node's, take of a core under so many reads a second, after the first seconds.
 *
 * A trace is a file <name>.u32.gz: gzip of 32-bit little-endian object numbers, dense from 0. Sizes of the
 * requests lie beside it in <name>.sizes.u32.gz; without them every entry has the same.
 *
 * Run: npx tsc -b packages/node && node bench/curve.mjs <folder or file> [--keys 8192] [--seeds 3]
 *   [--load 180000] [--reads-per-second 2000]: of a trace; with more, time bounds the sample
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { hash32, systemClock } from "../packages/core/dist/index.js";
import { CacheUsage } from "../packages/node/dist/curve/cache-usage.js";
import { MULTIPLES } from "../packages/node/dist/curve/memory-multiples.js";
import { MissRatioCurve } from "../packages/node/dist/curve/miss-ratio-curve.js";
import { passed } from "./support.mjs";

const ENTRY_BYTES = 500;
/** Memory at ×1, of that which all objects of the trace would take. */
const CAPS = [0.01, 0.05, 0.1];
const BAR = 0.02;
const ENTRY = { costBytes: ENTRY_BYTES, expiresAtMs: Number.POSITIVE_INFINITY };
/** Seconds of load: those in which the rate adapts, and those that are measured. */
const LOAD_SECONDS = { before: 11, measured: 10 };
const TICKS_PER_SECOND = 100;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keys: { type: "string" },
    load: { type: "string" },
    seeds: { type: "string", default: "3" },
    "reads-per-second": { type: "string", default: "2000" },
  },
});
const maxKeys = values.keys === undefined ? {} : { maxKeys: Number(values.keys) };

function compare(path) {
  const trace = readTrace(path);
  const { name, footprintBytes } = trace;
  const errors = [];
  process.stdout.write(`${name}: ${trace.ids.length} reads of ${trace.objects} keys\n`);
  for (const cap of CAPS) {
    const bound = footprintBytes * cap;
    const sizes = MULTIPLES.map((multiple) => multiple * bound);
    const truth = sizes.map((bytes) => new Lru(trace, bytes).replay());
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      const curve = replayIntoCurve(trace, bound, seed);
      const told = curve.ratiosAt(sizes);
      errors.push(...told.hitRatios.map((ratio, index) => Math.abs(ratio - truth[index])));
      if (seed > 1) continue;
      const columns = MULTIPLES.map((multiple, index) => {
        const [is, said] = [truth[index], told.hitRatios[index]].map((ratio) => percent(ratio));
        return `×${multiple} ${is} (${said})`;
      });
      const sampled = `one key in ${Math.round(1 / curve.samplingRate)}`;
      process.stdout.write(`  ${percent(cap)} %: ${columns.join("  ")}  [${sampled}]\n`);
    }
  }
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  process.stdout.write(
    `  error in points: mean ${(mean * 100).toFixed(2)}, most ${(Math.max(...errors) * 100).toFixed(2)}\n`,
  );
  return mean;
}

function replayIntoCurve(trace, bound, seed) {
  let nowMs = 0;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const curve = new MissRatioCurve({
    boundBytes: () => bound,
    clock,
    // The truth is that of the whole trace.
    halfLifeMs: Number.POSITIVE_INFINITY,
    ...maxKeys,
  });
  new Lru(trace, bound).replay(curve, hashesOf(trace, seed), () => {
    nowMs += 1_000 / Number(values["reads-per-second"]);
  });
  return curve;
}

/** Nanoseconds of a read by how large a part of the keys is sampled. */
function measureCosts() {
  const rounds = 3_000_000;
  for (const objects of [1_000, 5_000, 100_000, 10_000_000]) {
    const curve = new MissRatioCurve({
      boundBytes: () => objects * ENTRY_BYTES,
      clock: systemClock,
      ...maxKeys,
    });
    const reads = zipfReads(objects, rounds);
    for (const hash of reads) curve.kept(hash, ENTRY);
    const tookNs = Array.from({ length: 5 }, () => {
      const beganAt = process.hrtime.bigint();
      for (const hash of reads) curve.hit(hash, ENTRY);
      return Number(process.hrtime.bigint() - beganAt) / rounds;
    });
    let sampled = 0;
    for (const hash of reads) sampled += Number(curve.samples(hash));
    tookNs.sort((a, b) => a - b);
    process.stdout.write(
      `${objects} keys: ${percent(sampled / rounds)} % of the reads sampled, ` +
        `${tookNs[2].toFixed(1)} ns per read (${tookNs[0].toFixed(1)} to ${tookNs[4].toFixed(1)})\n`,
    );
  }
}

/** The part of a core that the two curves take, second by second. */
async function measureLoad(objects, readsPerSecond) {
  const boundBytes = () => (objects * ENTRY_BYTES) / 2;
  const curve = () => new MissRatioCurve({ boundBytes, clock: systemClock, ...maxKeys });
  const own = curve();
  const usage = new CacheUsage(own, curve(), 7);
  for (let key = 0; key < objects; key++) usage.kept(mixed(key), ENTRY);
  const shares = [];
  const ticks = (LOAD_SECONDS.before + LOAD_SECONDS.measured) * TICKS_PER_SECOND;
  const beganAtMs = performance.now();
  let spentMs = 0;
  for (let tick = 1; tick <= ticks; tick++) {
    const reads = zipfReads(objects, readsPerSecond / TICKS_PER_SECOND);
    const startedAtMs = performance.now();
    for (const hash of reads) usage.hit(hash, ENTRY);
    spentMs += performance.now() - startedAtMs;
    if (tick % TICKS_PER_SECOND === 0) {
      shares.push(spentMs / 1_000);
      spentMs = 0;
    }
    await passed(Math.max(0, beganAtMs + (tick * 1_000) / TICKS_PER_SECOND - performance.now()));
  }
  const measured = shares.slice(LOAD_SECONDS.before).sort((a, b) => a - b);
  const [least, median, most] = [0, measured.length >> 1, measured.length - 1].map((index) =>
    (measured[index] * 100).toFixed(2),
  );
  process.stdout.write(
    `${objects} keys, ${readsPerSecond} reads a second: ${median} % of a core (${least} to ${most}), ` +
      `${own.sampledKeys} keys sampled\n`,
  );
}

/** Hashes as a node sees them; skew as of an ordinary cache (inverse of the continuous distribution). */
function zipfReads(objects, count) {
  const reads = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    reads[index] = mixed(Math.floor(objects ** Math.random()));
  }
  return reads;
}

function mixed(number) {
  let hash = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function hashesOf({ objects }, seed) {
  return Int32Array.from({ length: objects }, (_, id) => hash32(Buffer.from(`key-${id}`), seed));
}

/** A cache bounded in bytes, by the book. */
class Lru {
  #trace;
  #bytes;
  #usedBytes = 0;

  constructor(trace, bytes) {
    this.#trace = trace;
    this.#bytes = bytes;
    // A ring of all objects through one more, which stands before the first and after the last.
    this.end = trace.objects;
    this.next = new Int32Array(trace.objects + 1);
    this.previous = new Int32Array(trace.objects + 1);
    this.next[this.end] = this.previous[this.end] = this.end;
    this.costs = new Float64Array(trace.objects).fill(-1);
  }

  /** The hit ratio. */
  replay(curve, hashes, onRead) {
    const { ids, sizes } = this.#trace;
    let hits = 0;
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index];
      const isHit = this.costs[id] >= 0;
      hits += Number(isHit);
      const costBytes = isHit ? this.costs[id] : (sizes?.[index] ?? ENTRY_BYTES);
      if (isHit) this.#unlink(id);
      else this.#insert(id, costBytes);
      this.#link(id);
      while (this.#usedBytes > this.#bytes) this.#evict();
      if (curve === undefined) continue;
      onRead();
      const entry = { costBytes, expiresAtMs: Number.POSITIVE_INFINITY };
      if (isHit) {
        curve.hit(hashes[id], entry);
      } else {
        curve.miss(hashes[id]);
        curve.kept(hashes[id], entry);
      }
    }
    return hits / ids.length;
  }

  #insert(id, costBytes) {
    this.costs[id] = costBytes;
    this.#usedBytes += costBytes;
  }

  #evict() {
    const id = this.previous[this.end];
    this.#unlink(id);
    this.#usedBytes -= this.costs[id];
    this.costs[id] = -1;
  }

  #link(id) {
    const first = this.next[this.end];
    this.next[id] = first;
    this.previous[id] = this.end;
    this.previous[first] = id;
    this.next[this.end] = id;
  }

  #unlink(id) {
    this.next[this.previous[id]] = this.next[id];
    this.previous[this.next[id]] = this.previous[id];
  }
}

function tracesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path).filter((file) => file.endsWith(".u32.gz"));
  return files.filter((file) => !file.includes(".sizes.")).map((file) => join(path, file));
}

function readTrace(path) {
  const ids = readNumbers(path);
  let sizes;
  try {
    sizes = readNumbers(path.replace(/\.u32\.gz$/, ".sizes.u32.gz"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  let objects = 0;
  for (const id of ids) objects = Math.max(objects, id + 1);
  const largest = new Float64Array(objects).fill(sizes === undefined ? ENTRY_BYTES : 0);
  sizes?.forEach((size, index) => {
    largest[ids[index]] = Math.max(largest[ids[index]], size);
  });
  const footprintBytes = largest.reduce((sum, size) => sum + size, 0);
  return { name: basename(path, ".u32.gz"), ids, sizes, objects, footprintBytes };
}

function readNumbers(path) {
  const bytes = gunzipSync(readFileSync(path));
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function percent(ratio) {
  return (ratio * 100).toFixed(1);
}

const means = positionals.flatMap(tracesIn).map(compare);
measureCosts();
if (values.load !== undefined) {
  for (const objects of [1_000, 10_000, 100_000, 1_000_000]) {
    await measureLoad(objects, Number(values.load));
  }
}
process.exitCode = means.some((mean) => mean > BAR) ? 1 : 0;
