/**
 * Rows persisted per second while a write-behind queue drains: through the cache's own queue, lanes,
 * journal and store, against one upsert for each write, and against the best `unnest` loop that one
 * would write by hand, over as many connections to the same PostgreSQL:
 * `node bench/write-behind.mjs [--rows N] [--rounds N] [--no-journal] [--json]`, after `npm run build`.
 *
 * Everything runs in this process but the database, because what is measured is what one row costs the
 * thread of a node. A round fills the queue while its statements are held back, then lets them go.
 * Rounds are taken in turn, into emptied tables; each figure is a median.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LocalCluster } from "@holdfast/cli";
import { silentLogger, systemClock, systemRandom } from "../packages/core/dist/index.js";
import { CleanEntriesWatch } from "../packages/node/dist/cache/clean-entries.js";
import { ConfiguredCache } from "../packages/node/dist/cache/configured-cache.js";
import { createSource } from "../packages/node/dist/database/index.js";
import { Journal } from "../packages/node/dist/journal/journal.js";
import { Tenure } from "../packages/node/dist/ownership/tenure.js";
import { MemoryBudget } from "../packages/node/dist/store/memory-budget.js";
import {
  openDatabase,
  parseCacheConfig,
  registerIncarnation,
} from "../packages/process/dist/index.js";

const PARTITIONS = 256;
const CONNECTIONS = 4;
/** What one statement of the loop by hand may have; the fastest is its figure. */
const HAND_BATCHES = [500, 1_000, 2_000, 5_000];
/** A figure for single upserts needs fewer of them. */
const SINGLE_SHARE = 20;
const VALUE = Buffer.alloc(100, 1);
const NODE = "bench";
const CACHE = "behind";
const PEER_TABLE = "bench_rows";
/** The end of what is written by hand: with the same guard. */
const UPSERT = `
    ON CONFLICT (cache, key) DO UPDATE SET
      value = excluded.value, version = excluded.version, updated_at = excluded.updated_at
    WHERE t.version < excluded.version`;
const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "200000" },
    "no-journal": { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});
const ROWS = Number(options.rows);
const ROUNDS = Number(options.rounds);

const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
const cluster = await LocalCluster.start({ nodes: 1 });
const incarnation = randomUUID();
const database = openDatabase(
  {
    url: cluster.databaseUrl,
    schema: "public",
    maxConnections: CONNECTIONS,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 60_000,
    lockTimeoutMs: 60_000,
    applicationName: "holdfast-bench",
  },
  silentLogger,
);
try {
  await registerIncarnation(database, incarnation, NODE);
  await database.query({
    text: `CREATE TABLE ${PEER_TABLE} (LIKE holdfast_entries INCLUDING ALL)`,
    values: [],
  });
  report(await run());
} finally {
  await database.close();
  await cluster.stop();
  rmSync(folder, { recursive: true });
}

async function run() {
  const contestants = {
    ours: () => drain(),
    single: () => oneByOne(Math.ceil(ROWS / SINGLE_SHARE)),
    ...Object.fromEntries(HAND_BATCHES.map((rows) => [`unnest ${rows}`, () => byHand(rows, ROWS)])),
  };
  const rates = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, contestant] of Object.entries(contestants)) {
      await database.query({ text: `TRUNCATE holdfast_entries, ${PEER_TABLE}`, values: [] });
      const rate = await contestant();
      // The first round only warms up.
      if (round > 0) rates[name].push(rate);
    }
  }
  return rates;
}

async function drain() {
  const { cache, journal, gate } = await openCache();
  const tenures = gate.tenures;
  for (let row = 0; row < ROWS; row++) {
    const tenure = tenures[row % PARTITIONS];
    const change = { value: VALUE, encoding: 0, ttlMs: undefined };
    // When the last one is in the journal, so are all before it.
    const isLast = row === ROWS - 1;
    const written = cache.operations.set(keyOf(row), change, undefined, {
      tenure,
      deadlineMs: performance.now() + 120_000,
      ack: isLast && journal !== undefined ? "journal" : "memory",
    });
    if (written instanceof Promise) await written;
    // Nor do writes come in one turn of the event loop.
    if (row % 2_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const startedAt = performance.now();
  gate.open();
  const { persisted, dirty, refused } = await cache.operations.flushAll(startedAt + 120_000);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (dirty + refused > 0) throw new Error(`${dirty} rows stayed dirty, ${refused} were refused`);
  await cache.stop();
  await journal?.close();
  return persisted / seconds;
}

/** A cache with a queue of its own, whose statements wait for `gate.open()`. */
async function openCache() {
  const tenures = Array.from(
    { length: PARTITIONS },
    (_, partition) => new Tenure(partition, 1, []),
  );
  const config = parseCacheConfig(CACHE, {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: {
      ack: "memory",
      lanes: CONNECTIONS,
      maxDelay: "10m",
      ageObjective: "20m",
      queueMaxEntries: 10_000_000,
      queueMaxBytes: "4GiB",
    },
  });
  const source = createSource(config.source, { cache: CACHE, database, clock: systemClock });
  let open = () => {};
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  const flush = source.flush.bind(source);
  source.flush = (...args) => opened.then(() => flush(...args));
  const services = {
    incarnation: () => incarnation,
    tenureOf: (partition) => tenures[partition],
    mayFinish: () => true,
    fenced: () => undefined,
    raiseTerm() {},
    deposed() {},
    restoreIncarnation: async () => {},
  };
  const journal = options["no-journal"] ? undefined : await openJournal();
  const cache = new ConfiguredCache({ id: 1, name: CACHE }, config, source, {
    budget: new MemoryBudget(2 ** 30),
    services,
    journal,
    replication: { setOf: () => undefined },
    cleanEntries: new CleanEntriesWatch(),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  return { cache, journal, gate: { open, tenures } };
}

async function openJournal() {
  const dir = mkdtempSync(join(folder, "journal-"));
  const identity = { clusterId: "bench", nodeId: NODE };
  const surroundings = { clock: systemClock, logger: silentLogger };
  const journal = await Journal.open({ dir, fsync: false, ...identity, ...surroundings });
  await journal.begin(incarnation);
  return journal;
}

/** One statement for each write, on every connection at once. */
async function oneByOne(rows) {
  const text = `
    INSERT INTO ${PEER_TABLE} AS t (cache, key, value, encoding, version, deleted, updated_at)
    VALUES ($1, $2, $3, 0, $4, false, now())${UPSERT}`;
  let next = 0;
  const worker = async () => {
    while (next < rows) {
      const number = next++;
      const values = [CACHE, Buffer.from(keyOf(number)), VALUE, number + 1];
      await database.query({ name: "bench-single", text, values });
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return rows / ((performance.now() - startedAt) / 1_000);
}

/** What one would write without Holdfast. */
async function byHand(batchRows, rows) {
  const text = `
    INSERT INTO ${PEER_TABLE} AS t (cache, key, value, encoding, version, deleted, updated_at)
    SELECT $1, r.key, r.value, 0, r.version, false, now()
    FROM unnest($2::bytea[], $3::bytea[], $4::bigint[]) AS r (key, value, version)${UPSERT}`;
  let next = 0;
  const worker = async () => {
    while (next < rows) {
      const from = next;
      next += batchRows;
      const numbers = Array.from({ length: Math.min(batchRows, rows - from) }, (_, i) => from + i);
      const keys = numbers.map((number) => Buffer.from(keyOf(number)));
      const values = [CACHE, keys, numbers.map(() => VALUE), numbers.map((number) => number + 1)];
      await database.query({ name: "bench-unnest", text, values });
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return rows / ((performance.now() - startedAt) / 1_000);
}

function keyOf(number) {
  return `key-${String(number).padStart(12, "0")}`;
}

function report(rates) {
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  const hand = HAND_BATCHES.map((rows) => `unnest ${rows}`);
  const best = hand.reduce((a, b) => (median(rates[a]) >= median(rates[b]) ? a : b));
  const ours = median(rates.ours);
  const name = `drain 100 B ${CONNECTIONS} lanes${options["no-journal"] ? " no journal" : ""}`;
  const results = [
    { peerName: "one upsert per write", peer: median(rates.single) },
    { peerName: `${best} rows by hand`, peer: median(rates[best]) },
  ].map(({ peerName, peer }) => ({
    name,
    ours: Math.round(ours),
    peer: Math.round(peer),
    peerName,
    ratio: Number((ours / peer).toFixed(2)),
    unit: "rows/s",
    runs: ROUNDS,
  }));
  if (options.json) {
    const machine = { cores: cpus().length, node: process.version };
    console.log(JSON.stringify({ bench: "write-behind", machine, results }));
    return;
  }
  for (const { peer, peerName, ratio, unit } of results) {
    console.log(`${name}: ${Math.round(ours)} ${unit}, ${ratio} of ${peer} (${peerName})`);
  }
}
