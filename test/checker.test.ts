/**
 * The nodes' own comparison of what they cache with what the database has: silent while nodes write, die
 * and come, and loud about rows that were changed behind their backs.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cache } from "@holdfast/client";
import { describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { breather, eventually } from "./support/eventually.js";

const CACHES = {
  through: { pattern: "write-through", source: { kind: "entries" } },
  behind: {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { maxDelay: "50ms" },
  },
  rows: { pattern: "read-through", source: { kind: "table", table: "rows", key: "id" }, ttl: "2s" },
};

/** Nodes look twice before they count, some seconds apart. */
const PATIENCE_MS = 20_000;

async function checkStats(cache: Cache<unknown>) {
  const { checked, newerThanDatabase, staleEntries } = await cache.stats();
  return { checked, newerThanDatabase, staleEntries };
}

async function startWithTable(): Promise<TestCluster> {
  const cluster = await startCluster({});
  await cluster.database.query("CREATE TABLE rows (id text PRIMARY KEY, value integer NOT NULL)");
  await cluster.database.query(
    "INSERT INTO rows SELECT 'k' || n, 0 FROM generate_series(0, 99) AS n",
  );
  await cluster.apply(CACHES);
  await cluster.local.settled();
  return cluster;
}

describe("cached entries that are compared with the database", { timeout: 120_000 }, () => {
  it("differ in nothing under load, while a node is added and another one killed", async () => {
    await using cluster = await startWithTable();
    const client = await cluster.connect();
    const written = ["through", "behind"].map((name) => client.cache<number>(name));
    const rows = client.cache<unknown>("rows");
    let isRunning = true;
    let operations = 0;
    const worker = async (id: number) => {
      for (let turn = 0; isRunning; turn++) {
        const key = `k${(turn * 7 + id) % 100}`;
        const cache = written[turn % 2];
        // Failures while a node dies are not what this is about.
        await cache?.set(key, turn).catch(() => {});
        if (turn % 5 === 0) await cache?.delete(key).catch(() => {});
        await cache?.get(key).catch(() => {});
        await rows.get(key).catch(() => {});
        operations += 1;
        await breather();
      }
    };
    const workers = Promise.all([0, 1, 2, 3].map(worker));
    const external = async () => {
      while (isRunning) {
        await cluster.database.query("UPDATE rows SET value = value + 1");
        await breather();
      }
    };
    const others = external();
    const caches = [...written, rows];
    const checks = async () =>
      (await Promise.all(caches.map(checkStats))).reduce((sum, { checked }) => sum + checked, 0);
    const enough = async (count: number) => {
      // Counters of a node end with it.
      const from = await checks();
      await eventually("it has looked", async () => (await checks()) - from >= count, 60_000);
    };
    await enough(100);
    await cluster.local.addNode();
    await enough(100);
    process.kill(cluster.local.nodes[0]?.pid ?? 0, "SIGKILL");
    await eventually("it runs again", () => cluster.local.nodes.length === 4, 30_000);
    await enough(100);
    isRunning = false;
    await Promise.all([workers, others]);
    for (const cache of caches) {
      const stats = await checkStats(cache);
      expect(stats).toMatchObject({ newerThanDatabase: 0, staleEntries: 0 });
    }
    expect(operations).toBeGreaterThan(100);
  });

  it("are counted, shown as metrics and dropped when rows were changed behind their back", async () => {
    await using cluster = await startWithTable();
    const client = await cluster.connect();
    const cache = client.cache<string>("through");
    for (const key of ["back", "ahead", "gone", "same"]) await cache.set(key, "mine");
    // An external program changes what has no version: a matter of the cache's TTL, and no violation.
    const rows = client.cache<{ value: number }>("rows");
    await rows.get("k1");
    await cluster.database.query("UPDATE rows SET value = 1");

    const change = (key: string, change: string) =>
      cluster.database.query(`UPDATE holdfast_entries SET ${change} WHERE key = $1`, [
        Buffer.from(key),
      ]);
    // As if an older backup had been restored, and as if somebody else wrote under a version.
    await change("back", "version = version - 1, value = '\"theirs\"'");
    await change("ahead", "version = version + 4294967296, value = '\"theirs\"'");
    await cluster.database.query("DELETE FROM holdfast_entries WHERE key = 'gone'");
    const found = await eventually(
      "all three are found",
      async () => {
        const stats = await checkStats(cache);
        return stats.newerThanDatabase >= 2 && stats.staleEntries >= 1 && stats;
      },
      PATIENCE_MS,
    );
    expect(found).toMatchObject({ newerThanDatabase: 2, staleEntries: 1 });
    expect(await cache.get("back")).toBe("theirs");
    expect(await cache.get("ahead")).toBe("theirs");
    expect(await cache.get("gone")).toBeUndefined();
    expect(await cache.getWithMeta("same")).toMatchObject({ value: "mine", source: "memory" });
    expect(await checkStats(rows)).toMatchObject({ newerThanDatabase: 0, staleEntries: 0 });

    // What the test of random faults looks for in the logs.
    const logs = join(cluster.local.dataDir, "logs");
    const texts = await Promise.all(
      (await readdir(logs)).map((file) => readFile(join(logs, file), "utf8")),
    );
    expect(texts.join().match(/than its row in the database/g)).toHaveLength(3);

    const metrics = await Promise.all(
      cluster.local.nodes.map(async ({ addresses }) => {
        const response = await fetch(`http://${addresses.http}/metrics`);
        return response.text();
      }),
    );
    const sum = (name: string) =>
      metrics
        .flatMap((text) => text.match(new RegExp(`^${name}{cache="through"} (\\d+)$`, "m")) ?? [])
        .filter((_, index) => index % 2 === 1)
        .reduce((total, count) => total + Number(count), 0);
    expect(sum("holdfast_check_newer_violations_total")).toBe(2);
    expect(sum("holdfast_check_stale_violations_total")).toBe(1);
    expect(sum("holdfast_checked_entries_total")).toBeGreaterThan(3);
  });
});
