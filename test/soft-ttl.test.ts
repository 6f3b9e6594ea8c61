/** Entries past their soft lifetime, in a cluster: who gets what, and what the database is asked. */
import { describe, expect, it } from "vitest";
import { startCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";

const CACHES = {
  rows: {
    pattern: "read-through",
    source: { kind: "table", table: "rows", key: "id" },
    ttl: "1h",
    // Long enough that nothing is stale a second time before the test has ended.
    softTtl: "5s",
  },
};

const KEYS = Array.from({ length: 30 }, (_, index) => `k${index}`);

describe("entries past their soft lifetime", { timeout: 60_000 }, () => {
  it("are served by all nodes to all clients, while each is loaded once in the cluster", async () => {
    await using cluster = await startCluster({});
    const { database } = cluster;
    await database.query("CREATE TABLE rows (id text PRIMARY KEY, value integer NOT NULL)");
    await database.query("INSERT INTO rows SELECT unnest($1::text[]), 0", [KEYS]);
    await cluster.apply(CACHES);
    await cluster.local.settled();
    const clients = await Promise.all(Array.from({ length: 4 }, () => cluster.connect()));
    const caches = clients.map((client) => client.cache<{ value: number }>("rows"));
    const readAll = () =>
      Promise.all(caches.flatMap((cache) => KEYS.map((key) => cache.getWithMeta(key))));

    for (const { stale, value } of await readAll())
      expect([stale, value?.value]).toEqual([false, 0]);
    await database.query("UPDATE rows SET value = 1");
    // Whoever loads a row now waits until this has been committed.
    await database.query("BEGIN");
    await database.query("LOCK TABLE rows IN ACCESS EXCLUSIVE MODE");
    const stale = await eventually("all are stale", async () => {
      const results = await readAll();
      return results.every((result) => result.stale) && results;
    });
    for (const { value, source } of stale) expect([value?.value, source]).toEqual([0, "memory"]);
    await database.query("COMMIT");
    await eventually("all are fresh", async () =>
      (await readAll()).every((result) => !result.stale && result.value?.value === 1),
    );

    const stats = await caches[0]?.stats();
    expect(stats).toMatchObject({ loads: 2 * KEYS.length, loadFailures: 0 });
    expect(stats?.staleHits).toBeGreaterThanOrEqual(stale.length);
    expect(stats?.unreachable).toEqual([]);
  });
});
