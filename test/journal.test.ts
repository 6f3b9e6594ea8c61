/**
 * What an acknowledgement from the journal is worth: nodes are killed with SIGKILL under load, alone
 * and all at once, and what they had acknowledged is in the database in the end.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import type { Cache as CacheHandle } from "@holdfast/client";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import { Cache, type StatsResponse__Output } from "@holdfast/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { breather, eventually } from "./support/eventually.js";
import { nodeSettings, spawnServer } from "./support/server-process.js";

const CACHES = {
  behind: {
    pattern: "write-behind",
    source: { kind: "entries" },
    // Longer than the time between two kills: most of what a node holds is not flushed when it dies.
    writeBehind: { maxDelay: "5s" },
  },
};

const WORKERS = 16;
const KEYS_PER_WORKER = 25;
const KILLS = 6;

const seed = testSeed();

function statsOf(address: string): Promise<StatsResponse__Output> {
  const node = new Cache(address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    node.Stats({}, { deadline: Date.now() + 5_000 }, (error, stats) => {
      node.close();
      if (error === null && stats !== undefined) resolve(stats);
      else reject(error);
    });
  });
}

/** Nothing is dirty, and no journal has anything left. */
async function isWritten({ local }: TestCluster): Promise<boolean> {
  const nodes = await Promise.all(local.seeds.map(statsOf));
  return nodes.every(
    ({ caches, recordsToReplay }) =>
      recordsToReplay === 0 && caches.every(({ dirtyEntries }) => dirtyEntries === 0),
  );
}

interface KeyHistory {
  acknowledged: { readonly value: number; readonly version: number } | undefined;
  /** Written since then, and possibly there. */
  possible: number[];
}

/** Each key is written by one worker, one write after the other, with growing values. */
function startLoad(cache: CacheHandle<number>) {
  const histories = new Map<string, KeyHistory>();
  const regressions: string[] = [];
  let isRunning = true;
  let acknowledged = 0;
  const worker = async (id: number) => {
    for (let turn = 1; isRunning; turn++) {
      const key = `w${id}-${turn % KEYS_PER_WORKER}`;
      const history = histories.get(key) ?? { acknowledged: undefined, possible: [] };
      histories.set(key, history);
      try {
        const { version } = await cache.set(key, turn, { timeout: "10s" });
        if (version <= (history.acknowledged?.version ?? 0)) regressions.push(key);
        history.acknowledged = { value: turn, version };
        history.possible = [];
        acknowledged += 1;
      } catch {
        history.possible.push(turn);
      }
      await breather();
    }
  };
  const done = Promise.all(Array.from({ length: WORKERS }, (_, id) => worker(id)));
  return {
    histories,
    regressions,
    acknowledged: () => acknowledged,
    async stop() {
      isRunning = false;
      await done;
    },
  };
}

describe(`nodes killed under write-behind load (seed ${seed})`, () => {
  it("lose nothing that they acknowledged from their journals", { timeout: 180_000 }, async () => {
    const random = seededRandom(seed);
    await using cluster = await startCluster(CACHES);
    const client = await cluster.connect();
    const load = startLoad(client.cache<number>("behind"));
    let dirtyAtKills = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const from = load.acknowledged();
      await eventually("the load goes on", () => load.acknowledged() > from + 500, 30_000);
      const { nodes } = cluster.local;
      // The last time nobody is left to take over.
      const victims =
        kill === KILLS ? nodes : [nodes[Math.floor(random.next() * nodes.length)] ?? nodes[0]];
      for (const victim of victims) {
        if (victim === undefined) continue;
        const stats = await statsOf(victim.addresses.data);
        dirtyAtKills += stats.caches.reduce((sum, { dirtyEntries }) => sum + dirtyEntries, 0);
      }
      for (const victim of victims) if (victim !== undefined) process.kill(victim.pid, "SIGKILL");
      await eventually(
        "they run again",
        () =>
          cluster.local.nodes.length === nodes.length &&
          cluster.local.nodes.every(({ pid }) => !victims.some((victim) => victim?.pid === pid)),
        30_000,
      );
    }
    await load.stop();
    await cluster.local.settled();
    await eventually("everything is written", () => isWritten(cluster), 60_000);

    const { rows } = await cluster.database.query(
      "SELECT convert_from(key, 'UTF8') AS key, convert_from(value, 'UTF8') AS value, version FROM holdfast_entries",
    );
    const stored = new Map(rows.map(({ key, ...row }) => [key as string, row]));
    const lost = [...load.histories].filter(([key, { acknowledged, possible }]) => {
      const row = stored.get(key);
      if (acknowledged === undefined) return false;
      if (row === undefined || Number(row.version) < acknowledged.version) return true;
      return ![acknowledged.value, ...possible].includes(Number(row.value));
    });
    expect(lost).toEqual([]);
    expect(load.regressions).toEqual([]);
    // Otherwise nothing was put to the test.
    expect(dirtyAtKills).toBeGreaterThan(100);
  });
});

describe("a journal's folder", () => {
  let cluster: TestCluster;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-journal-"));
    cluster = await startCluster(CACHES);
  });

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const settings = (changes: Record<string, string>) =>
    nodeSettings(cluster.etcd.endpoint, cluster.local.databaseUrl, changes);

  it("is refused to a second process", async () => {
    const dir = join(cluster.local.dataDir, "journals", "node-1");
    const { exit } = spawnServer("node", settings({ NODE_ID: "node-1", JOURNAL__DIR: dir }));
    expect(await exit).toEqual({
      code: 1,
      stderr: `holdfast-node: cannot start: ${dir}/lock is locked: another process uses this journal; give each node a folder of its own\n`,
    });
  });

  it("proves that its last process is dead, long before the lease ends", async () => {
    const changes = { ETCD__LEASE_TTL: "60s", JOURNAL__DIR: folder };
    const client = await cluster.connect();
    const registered = () =>
      client
        .topology()
        .members.find(({ nodeId, state }) => nodeId === "stranger" && state !== "dead")
        ?.incarnation;
    const first = spawnServer("node", settings(changes));
    const before = await eventually("it is a member", registered, 20_000);
    first.kill();
    await first.exit;
    const second = spawnServer("node", settings(changes));
    try {
      await eventually(
        "its successor is a member",
        () => {
          const now = registered();
          return now !== undefined && now !== before;
        },
        20_000,
      );
    } finally {
      second.kill();
      await second.exit;
    }
  });

  it("is refused to a node of another name", async () => {
    const other = settings({ NODE_ID: "other", JOURNAL__DIR: folder });
    const { code, stderr } = await spawnServer("node", other).exit;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^holdfast-node: cannot start: the journal in \S+ belongs to node "stranger" of cluster [\w-]+, not to "other" of [\w-]+; give each node a folder of its own\n$/,
    );
  });
});
