/** Orderly ends: what was acknowledged in memory is in the database when the process is gone. */
import { describe, expect, it } from "vitest";
import { startCluster } from "./support/cluster.js";
import { breather, eventually } from "./support/eventually.js";

/** Written late on purpose: whatever reaches the database does so because the node stopped. */
const CACHES = {
  behind: {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { maxDelay: "10m", queueMaxEntries: 1_000_000 },
  },
};

async function rowsOf(database: { query(sql: string): Promise<{ rows: unknown[] }> }) {
  const sql =
    "SELECT convert_from(key, 'UTF8') AS key, convert_from(value, 'UTF8') AS value FROM holdfast_entries WHERE NOT deleted";
  const { rows } = await database.query(sql);
  return new Map((rows as { key: string; value: string }[]).map(({ key, value }) => [key, value]));
}

describe("SIGTERM under write-behind load", () => {
  it("leaves the database equal to the last acknowledged values", {
    timeout: 120_000,
  }, async () => {
    await using cluster = await startCluster(CACHES);
    const client = await cluster.connect();
    const cache = client.cache<number>("behind");
    const acknowledged = new Map<string, number>();
    const uncertain = new Set<string>();
    let isRunning = true;
    const worker = async (id: number) => {
      for (let turn = 1; isRunning; turn++) {
        const key = `w${id}-${turn % 200}`;
        try {
          await cache.set(key, turn, { timeout: "10s" });
          acknowledged.set(key, turn);
        } catch {
          // The write may stand although nobody was told: its key is not compared any more.
          acknowledged.delete(key);
          uncertain.add(key);
        }
        await breather();
      }
    };
    const workers = Promise.all([0, 1, 2, 3].map(worker));
    await eventually("many writes are acknowledged", () => acknowledged.size > 500);
    expect((await rowsOf(cluster.database)).size).toBe(0);

    // One node hands its partitions over while the load goes on; then all the others stop too.
    expect(await cluster.local.stopNode("node-2")).toMatchObject({ code: 0 });
    await eventually("the load goes on", () => acknowledged.size > 700);
    for (const { pid } of cluster.local.nodes) process.kill(pid, "SIGTERM");
    isRunning = false;
    await workers;
    expect(await cluster.local.stopNodes()).toEqual([]);

    const rows = await rowsOf(cluster.database);
    const certain = [...acknowledged].filter(([key]) => !uncertain.has(key));
    expect(certain.length).toBeGreaterThan(500);
    expect(certain.filter(([key, value]) => Number(rows.get(key)) !== value)).toEqual([]);
  });
});
