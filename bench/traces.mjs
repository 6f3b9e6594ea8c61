/**
 * Request traces for benchmarks of eviction, and the best that any cache could have made of them.
 *
 * Traces lie outside of this repository, since their terms differ: a folder of `<name>.u32.gz`, each
 * the gzip of little-endian 32-bit numbers, one for a request, that name objects from 0 in order of
 * first appearance. `<name>.sizes.u32.gz`, where there is one, has the size in bytes at each request.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const SUFFIX = ".u32.gz";
const SIZES_SUFFIX = ".sizes.u32.gz";

/** Per cent of the objects that fit. */
const SHARES = [0.1, 1, 5, 10, 25];
/** Per cent of the bytes of all objects, for traces with sizes. */
const BYTE_SHARES = [5, 10, 25];
/** For the small traces of the LIRS paper and those put together from them, where 0.1 % is next to nothing. */
const SHARES_OF_SMALL = [5, 10, 20, 40];
const SMALL = /^(2_pools|cpp|cs|gli|glimpse|loop|multi\d|ps|sprite|stress.*)$/;

export function traceNames(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX) && !file.endsWith(SIZES_SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/** The objects asked for, how many there are, and where known the size of each when it was first asked for. */
export function readTrace(folder, name) {
  const ids = readNumbers(join(folder, name + SUFFIX));
  let objects = 0;
  for (const id of ids) if (id >= objects) objects = id + 1;
  const sizesFile = join(folder, name + SIZES_SUFFIX);
  if (!existsSync(sizesFile)) return { name, ids, objects, sizes: undefined };
  const seen = readNumbers(sizesFile);
  const sizes = new Uint32Array(objects);
  for (let i = ids.length - 1; i >= 0; i--) sizes[ids[i]] = Math.max(1, seen[i]);
  return { name, ids, objects, sizes };
}

function readNumbers(file) {
  const bytes = gunzipSync(readFileSync(file));
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

export function isLarge(name) {
  return !SMALL.test(name);
}

/** In entries. */
export function capacitiesOf({ name, objects }) {
  const shares = isLarge(name) ? SHARES : SHARES_OF_SMALL;
  return shares.map((share) => Math.max(1, Math.round((objects * share) / 100)));
}

/** In bytes, for a trace with sizes. */
export function byteCapacitiesOf({ sizes }) {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return BYTE_SHARES.map((share) => Math.round((total * share) / 100));
}

/** For each request, the next one for the same object; the number of requests when there is none. */
export function nextUses({ ids, objects }) {
  const next = new Uint32Array(ids.length);
  const latest = new Uint32Array(objects).fill(ids.length);
  for (let i = ids.length - 1; i >= 0; i--) {
    next[i] = latest[ids[i]];
    latest[ids[i]] = i;
  }
  return next;
}

/**
 * Hits, and bytes of them, of a cache that knows the future and need not keep what it was asked for: it
 * gives up the object that is needed last (L. Belady, 1966), which is the best only as long as all are of
 * one size. What it holds is the set of the next uses, each of them one request, in a tree of bits.
 */
export function optimalHits({ ids }, next, capacity, sizes) {
  const requests = ids.length;
  const sizeAt = (request) => (sizes === undefined ? 1 : sizes[ids[request]]);
  const held = new BitTree(requests);
  let used = 0;
  let hits = 0;
  let hitBytes = 0;
  for (let i = 0; i < requests; i++) {
    const size = sizeAt(i);
    if (held.has(i)) {
      hits += 1;
      hitBytes += size;
      used -= size;
      held.remove(i);
    }
    if (next[i] === requests || size > capacity) continue;
    held.add(next[i]);
    used += size;
    while (used > capacity) {
      const last = held.largest();
      held.remove(last);
      used -= sizeAt(last);
    }
  }
  return { hits, hitBytes };
}

/** A set of numbers whose largest is found in a few steps. */
class BitTree {
  levels = [];

  constructor(length) {
    let words = length;
    do {
      words = Math.ceil(words / 32);
      this.levels.push(new Uint32Array(words));
    } while (words > 1);
  }

  has(number) {
    return (this.levels[0][number >>> 5] & (1 << (number & 31))) !== 0;
  }

  add(number) {
    let index = number;
    for (const level of this.levels) {
      level[index >>> 5] |= 1 << (index & 31);
      index >>>= 5;
    }
  }

  remove(number) {
    let index = number;
    for (const level of this.levels) {
      const word = level[index >>> 5] & ~(1 << (index & 31));
      level[index >>> 5] = word;
      if (word !== 0) return;
      index >>>= 5;
    }
  }

  /** Asked for only while there is one. */
  largest() {
    let index = 0;
    for (let at = this.levels.length - 1; at >= 0; at--) {
      index = 32 * index + 31 - Math.clz32(this.levels[at][index]);
    }
    return index;
  }
}
