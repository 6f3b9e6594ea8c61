/**
 * How long the event loop stands still in a process that holds ten million entries of 16-byte keys and 100-byte
 * values, while 50,000 operations a second come for a minute: 90 % reads by Zipf's law, 8 % writes, half of them with
 * a lifetime of up to 20 seconds, and 2 % deletions, of half as many keys again as fit. A miss is filled. The reclaimer
 * runs, and the store is full: new entries evict.
 *
 * A turn takes the operations of a millisecond, or of all that passed since the last one, as a server takes what has
 * come meanwhile. What is measured is the time from one turn to the next. A machine that others use as well stops
 * threads that have done nothing wrong, and a virtual one is stopped as a whole: `own` is for how long this thread
 * was on a processor during a turn, as the kernel tells. The first two seconds, in which V8 compiles what it has not
 * seen before, do not count. At last garbage is collected, all of it at once.
 *
 * Run: npm run bench -- stalls [--json] [--entries 10000000] [--seconds 60] [--policy lru] [--rate 50000]
 */
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { systemClock } from "../packages/core/dist/index.js";
import { MemoryBudget } from "../packages/node/dist/store/memory-budget.js";
import { Reclaimer } from "../packages/node/dist/store/reclaimer.js";
import { Store } from "../packages/node/dist/store/store.js";
import { KEY_BYTES, Messages, randomOf, zipf } from "./load.mjs";
import { collectGarbage } from "./processes.mjs";
import { bar, progress, quantile, report } from "./report.mjs";
import { passed } from "./support.mjs";

const VALUE_BYTES = 100;
/** Somewhat less than an entry takes, so that the store is full before the load begins. */
const TYPICAL_BYTES = 149;
const BATCH = 256;
const KEYS_PER_ENTRY = 1.5;
const SHARES = { get: 0.9, set: 0.08 };
const MAX_TTL_MS = 20_000;
const WARM_UP_S = 2;
const STALL_MS = 10;
const FULL_COLLECTION_MS = 20;
/** Below this nobody asks why. */
const EXPLAINED_MS = 2;
/** As in the kernel's and V8's words: collections of the young generation, of all, a slice of one, and callbacks. */
const COLLECTIONS = { 1: "minor", 4: "major", 8: "incremental", 16: "weak callbacks" };

const { values: options } = parseArgs({
  options: {
    entries: { type: "string", default: "10000000" },
    json: { type: "boolean", default: false },
    policy: { type: "string", default: "lru" },
    rate: { type: "string", default: "50000" },
    seconds: { type: "string", default: "60" },
  },
});
const ENTRIES = Number(options.entries);
const random = randomOf(11);
const draw = zipf(KEYS_PER_ENTRY * ENTRIES, random);
const messages = new Messages(BATCH, VALUE_BYTES);
const store = new Store({
  budget: new MemoryBudget(ENTRIES * TYPICAL_BYTES),
  policy: options.policy,
  clock: systemClock,
  placement: { partitions: 1024, hashSeed: 0x5eed },
});
const collections = new Map();
const observer = new PerformanceObserver((list) => {
  for (const { detail, duration } of list.getEntries()) {
    const kind = COLLECTIONS[detail.kind] ?? "other";
    collections.set(kind, Math.max(collections.get(kind) ?? 0, duration));
  }
});

const filling = await fill();
progress(`filled: ${store.counts.entries} entries; longest turn ${filling.toFixed(1)} ms`);
const reclaimer = new Reclaimer(systemClock, () => [store]);
await reclaimer.start();
await load(WARM_UP_S);
observer.observe({ entryTypes: ["gc"] });
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
const { turns, explained, operations } = await load(Number(options.seconds));
delays.disable();
await reclaimer.stop();
await passed(10);
const underLoad = new Map(collections);
const full = fullCollection();
tell();

/** The longest turn of 256 writes, in ms. */
async function fill() {
  const numbers = [];
  let longestMs = 0;
  for (let number = 0; number < ENTRIES; number += BATCH) {
    numbers.length = 0;
    for (let each = number; each < Math.min(number + BATCH, ENTRIES); each++) numbers.push(each);
    messages.write(numbers);
    const before = ownMs();
    for (let index = 0; index < numbers.length; index++) set(index, Number.POSITIVE_INFINITY);
    longestMs = Math.max(longestMs, ownMs() - before);
  }
  return longestMs;
}

/** Operations for so long; the lengths of all turns, and what is known of the longest. */
async function load(seconds) {
  const perMs = Number(options.rate) / 1_000;
  const beganAtMs = performance.now();
  const turnsMs = [];
  const explained = [];
  let operations = 0;
  let evictions = store.counts.evictions;
  let before = { atMs: beganAtMs, ownMs: ownMs() };
  while (before.atMs - beganAtMs < seconds * 1_000) {
    await passed(1);
    const due = Math.floor((performance.now() - beganAtMs) * perMs);
    while (operations < due) operations += batch(Math.min(BATCH, due - operations));
    const now = { atMs: performance.now(), ownMs: ownMs() };
    const tookMs = now.atMs - before.atMs;
    turnsMs.push(tookMs);
    if (tookMs >= EXPLAINED_MS) {
      explained.push({ atMs: now.atMs - beganAtMs, tookMs, ownMs: now.ownMs - before.ownMs });
    }
    before = now;
  }
  evictions = store.counts.evictions - evictions;
  progress(`${operations} operations in ${seconds} s, ${evictions} evictions`);
  return { turns: turnsMs, explained, operations };
}

function batch(count) {
  messages.write(Array.from({ length: count }, draw));
  for (let index = 0; index < count; index++) {
    const drawn = random();
    if (drawn < SHARES.get) {
      // A miss is filled.
      store.sought.setPart(messages.keys[index], 0, KEY_BYTES);
      if (store.findSought()) store.useInPlace();
      else set(index, endMs());
    } else if (drawn < SHARES.get + SHARES.set) set(index, endMs());
    else store.remove(messages.keys[index]);
  }
  return count;
}

/** Half of the entries end. */
function endMs() {
  if (random() < 0.5) return Number.POSITIVE_INFINITY;
  return systemClock.now() + 1 + random() * MAX_TTL_MS;
}

function set(index, expiresAtMs) {
  const entry = {
    key: "",
    value: messages.values[index],
    encoding: 1,
    version: 2 ** 32 + index,
    expiresAtMs,
    pinned: false,
  };
  store.sought.set(messages.keys[index]);
  store.putSought(entry);
}

/** For how long this thread has been on a processor so far; where the kernel does not tell, for how long it could. */
function ownMs() {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** The shortest of several: none needs longer. */
function fullCollection() {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const beganAtMs = performance.now();
    collectGarbage();
    shortestMs = Math.min(shortestMs, performance.now() - beganAtMs);
  }
  return shortestMs;
}

function tell() {
  const sorted = turns.toSorted((a, b) => a - b);
  const own = explained.map((turn) => turn.ownMs).sort((a, b) => b - a);
  const longestOwn = own[0] ?? EXPLAINED_MS;
  const ms = (name, value) => ({ name, value, unit: "ms" });
  for (const { atMs, tookMs, ownMs } of explained
    .toSorted((a, b) => b.ownMs - a.ownMs)
    .slice(0, 5)) {
    const figures = `${tookMs.toFixed(1)} ms, ${ownMs.toFixed(1)} own`;
    progress(`a turn of ${figures}, ${(atMs / 1_000).toFixed(1)} s after the beginning`);
  }
  const alone = [
    { name: "operations", value: operations, unit: "" },
    { name: "entries", value: store.counts.entries, unit: "" },
    ms("longest turn", sorted.at(-1)),
    ms("longest turn, own", longestOwn),
    ms("p99.9 of turns", quantile(sorted, 0.999)),
    ms("longest event-loop delay", delays.max / 1e6),
    ms("p99.9 of event-loop delays", delays.percentile(99.9) / 1e6),
    ...[...underLoad].map(([kind, longestMs]) => ms(`longest collection: ${kind}`, longestMs)),
    ms("full collection", full),
    ms("longest 256 writes while filling", filling),
  ];
  const bars = [
    bar("longest turn, own, in ms", longestOwn, { most: STALL_MS }),
    bar("full collection, in ms", full, { most: FULL_COLLECTION_MS }),
  ];
  report("stalls", { alone, bars }, options);
}
