/**
 * Memory of an entry: how much the process grows by a million entries of 16-byte keys and 100-byte values, for each
 * eviction policy, beside redis-server and memcached filled alike over loopback. What is measured is RSS, not
 * what anybody counts. A server that is not installed is left out; on Debian `apt-get install redis-server
 * memcached` brings both, and neither needs to run as a service.
 *
 * Each store has a process of its own. What a process takes anyway is brought to size first: the young generation of
 * its heap has its full size from the start, and another store is filled and written to until everything is
 * compiled. That one stays as it is, so that the one that is measured can reuse none of its memory. Garbage is
 * collected before both readings. `grown` is the growth without that, since before the first store was there:
 * everything. `counted` is what the store says itself.
 *
 * Servers are read when they have started, and when they are filled.
 *
 * Run: npm run bench -- memory [--json] [--entries 1000000] [--rounds 3] [--policies lru] [--no-peers]
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../packages/core/dist/index.js";
import { EVICTION_POLICIES } from "../packages/node/dist/eviction/index.js";
import { MemoryBudget } from "../packages/node/dist/store/memory-budget.js";
import { Store } from "../packages/node/dist/store/store.js";
import { KEY_BYTES, Messages, writeKey } from "./load.mjs";
import { answer, Contestant, collectGarbage, role, rssBytes } from "./processes.mjs";
import { bar, compared, median, progress, report } from "./report.mjs";
import { isInstalled, startMemcached, startRedis } from "./servers.mjs";

const VALUE_BYTES = 100;
const BATCH = 256;
const WARM_ENTRIES = 100_000;
const WARM_WRITES = 2_000_000;
/** Room for everything. */
const AMPLE_BYTES = 300;
/** Its young generation takes what it may take, whether it is used or not. */
const FULL_YOUNG_GENERATION = ["--min-semi-space-size=16", "--max-semi-space-size=16"];
/** Most of what each of the others takes. */
const BARS = { "s3-fifo": 0.75, adaptive: 0.8 };

const { values: options } = parseArgs({
  options: {
    entries: { type: "string", default: "1000000" },
    json: { type: "boolean", default: false },
    "no-peers": { type: "boolean", default: false },
    policies: { type: "string" },
    rounds: { type: "string", default: "3" },
  },
});
const ENTRIES = Number(options.entries);

const PEERS = {
  "redis-server": {
    start: () => startRedis(),
    set: (key, value) => `*3\r\n$3\r\nSET\r\n$16\r\n${key}\r\n$${value.length}\r\n${value}\r\n`,
    answer: "+OK\r\n",
  },
  memcached: {
    start: () => startMemcached(300 + ENTRIES / 2_500),
    set: (key, value) => `set ${key} 0 0 ${value.length}\r\n${value}\r\n`,
    answer: "STORED\r\n",
  },
};

/** What a contestant does: fills a store, and tells what the process grew by. */
function measureStore(policy) {
  const before = rssBytes();
  const messages = new Messages(BATCH, VALUE_BYTES);
  const warm = storeFor(policy, WARM_ENTRIES).store;
  for (let done = 0; done < WARM_WRITES; done += BATCH) {
    put(warm, messages, done % WARM_ENTRIES, BATCH);
  }
  const { budget, store } = storeFor(policy, ENTRIES);
  collectGarbage();
  collectGarbage();
  const warmed = rssBytes();
  for (let number = 0; number < ENTRIES; number += BATCH) {
    put(store, messages, number, Math.min(BATCH, ENTRIES - number));
  }
  const grown = rssBytes() - before;
  collectGarbage();
  collectGarbage();
  const perEntry = (rssBytes() - warmed) / ENTRIES;
  if (store.counts.entries !== ENTRIES) throw new Error("there was no room for all entries");
  // The warm store is still there: nothing of it was given back.
  if (warm.counts.entries < WARM_ENTRIES) throw new Error("the store for warming up is gone");
  return { perEntry, counted: budget.usedBytes / ENTRIES, grown: grown / ENTRIES };
}

function storeFor(policy, entries) {
  const budget = new MemoryBudget(entries * AMPLE_BYTES + 2 ** 26);
  const placement = { partitions: 1024, hashSeed: 0x5eed };
  return { budget, store: new Store({ budget, policy, clock: systemClock, placement }) };
}

function put(store, messages, first, count) {
  messages.write(Array.from({ length: count }, (_, index) => first + index));
  const { keys, values } = messages;
  for (let index = 0; index < count; index++) {
    const entry = {
      key: "",
      value: values[index],
      encoding: 1,
      version: 2 ** 32 + index,
      expiresAtMs: Number.POSITIVE_INFINITY,
      pinned: false,
    };
    store.sought.set(keys[index]);
    store.putSought(entry);
  }
}

/** What a server grows by, for each entry. */
async function measureServer({ start, ...protocol }) {
  const server = await start();
  try {
    const socket = await server.connected();
    const before = rssBytes(server.pid);
    await fillServer(socket, protocol);
    const perEntry = (rssBytes(server.pid) - before) / ENTRIES;
    socket.destroy();
    return perEntry;
  } finally {
    await server.stop();
  }
}

async function fillServer(socket, { set, answer: expected }) {
  const key = Buffer.alloc(KEY_BYTES);
  const value = "v".repeat(VALUE_BYTES);
  for (let number = 0; number < ENTRIES; number += 1_000) {
    const count = Math.min(1_000, ENTRIES - number);
    let commands = "";
    for (let index = 0; index < count; index++) {
      writeKey(key, 0, number + index);
      commands += set(key.latin1Slice(), value);
    }
    socket.write(commands);
    await receive(socket, expected.repeat(count));
  }
}

async function receive(socket, expected) {
  let received = "";
  while (received.length < expected.length) {
    const [bytes] = await once(socket, "data");
    received += bytes.latin1Slice();
  }
  if (received !== expected) throw new Error(`a server said ${received.slice(0, 100)}`);
}

async function compare() {
  const policies = options.policies?.split(",") ?? Object.keys(EVICTION_POLICIES);
  const peerNames = options["no-peers"] ? [] : Object.keys(PEERS).filter(isInstalled);
  const ours = new Map(policies.map((policy) => [policy, []]));
  const peers = new Map(peerNames.map((name) => [name, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const policy of policies) ours.get(policy).push(await measureApart(policy));
    for (const name of peerNames) peers.get(name).push(await measureServer(PEERS[name]));
  }
  const results = [...ours].flatMap(([policy, rounds]) =>
    [...peers].map(([peerName, peer]) =>
      compared({
        name: `entry of ${KEY_BYTES} + ${VALUE_BYTES} B, ${policy}`,
        ours: rounds.map(({ perEntry }) => perEntry),
        peer,
        peerName,
        unit: "B",
      }),
    ),
  );
  report("memory", { results, alone: aloneOf(ours), bars: barsOf(results) }, options);
}

async function measureApart(policy) {
  const contestant = new Contestant(
    fileURLToPath(import.meta.url),
    { policy },
    FULL_YOUNG_GENERATION,
  );
  const measured = await contestant.ask({});
  await contestant.stop();
  const { perEntry, counted, grown } = measured;
  const figures = [perEntry, counted, grown].map((bytes) => bytes.toFixed(1));
  progress(`${policy}: ${figures[0]} B, counted ${figures[1]}, grown ${figures[2]}`);
  return measured;
}

function aloneOf(ours) {
  return [...ours].flatMap(([policy, rounds]) =>
    ["perEntry", "counted", "grown"].map((figure) => {
      const runs = rounds.map((round) => Number(round[figure].toFixed(1)));
      return { name: `${figure}, ${policy}`, value: median(runs), unit: "B", runs };
    }),
  );
}

function barsOf(results) {
  return Object.entries(BARS).flatMap(([policy, most]) =>
    results
      .filter(({ name }) => name.endsWith(`, ${policy}`))
      .map(({ peerName, ratio }) => bar(`${policy} / ${peerName}`, ratio, { most })),
  );
}

if (role === undefined) await compare();
else answer(() => measureStore(role.policy));
