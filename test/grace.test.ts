/**
 * Values past their lifetime, and those near it, in a cluster: what is served while loads fail, and what is loaded
 * ahead.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { eventually, passed } from "./support/eventually.js";

const KEYS = Array.from({ length: 20 }, (_, index) => `k${index}`);
const TABLE = { kind: "table", table: "rows", key: "id" };
/** The loader's time below is a good part of it, so that few reads suffice to be sure of a refresh. */
const AHEAD_TTL_MS = 3_000;
const LOADER_MS = 150;

const CACHES = {
  rows: { pattern: "read-through", source: TABLE, ttl: "1s", grace: "1h" },
  pages: { pattern: "cache-aside", ttl: "1s", grace: "1h" },
  hot_rows: { pattern: "read-through", source: TABLE, ttl: "2s", refreshAhead: 50 },
  hot_pages: { pattern: "cache-aside", ttl: AHEAD_TTL_MS, refreshAhead: 10 },
};

interface Row {
  readonly value: number;
}

describe("values at the end of their lifetime", { timeout: 60_000 }, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster({});
    const { database } = cluster;
    await database.query("CREATE TABLE rows (id text PRIMARY KEY, value integer NOT NULL)");
    await database.query("INSERT INTO rows SELECT unnest($1::text[]), 0", [KEYS]);
    await cluster.apply(CACHES);
    await cluster.local.settled();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  async function cachesOf<V>(name: string) {
    const clients = await Promise.all([cluster.connect(), cluster.connect()]);
    return clients.map((client) => client.cache<V>(name));
  }

  it("are served by all nodes to all clients while the database fails, and no longer", async () => {
    const { database } = cluster;
    const caches = await cachesOf<Row>("rows");
    const readAll = () =>
      Promise.all(caches.flatMap((cache) => KEYS.map((key) => cache.getWithMeta(key))));
    await readAll();
    await database.query("UPDATE rows SET value = 1");
    await database.query("ALTER TABLE rows RENAME TO away");
    const served = await eventually("all are in grace", async () => {
      const results = await readAll();
      return results.every(({ ttlLeftMs }) => ttlLeftMs === 0) && results;
    });
    for (const { value, stale, ageMs, source } of served) {
      expect([value?.value, stale, source]).toEqual([0, true, "memory"]);
      expect(ageMs).toBeGreaterThanOrEqual(1_000);
    }
    const strict = caches[0]?.get("k0", { maxStale: 0, timeout: 500 });
    await expect(strict).rejects.toMatchObject({ cause: { code: "UNAVAILABLE" } });
    await database.query("ALTER TABLE away RENAME TO rows");
    await eventually("all are fresh", async () =>
      (await readAll()).every(({ stale, value }) => !stale && value?.value === 1),
    );
    const stats = await caches[0]?.stats();
    expect(stats?.servedInGrace).toBeGreaterThanOrEqual(served.length);
  });

  it("are returned to callers whose loaders fail, and to who waits for them", async () => {
    const caches = await cachesOf<string>("pages");
    await caches[0]?.getOrLoad("home", () => "old");
    await eventually("it has ended", async () => (await caches[0]?.get("home")) === undefined);
    const fail = async (): Promise<string> => {
      throw new Error("database is down");
    };
    const results = await Promise.all(
      caches.flatMap((cache) => Array(5).fill(cache)).map((cache) => cache.getOrLoad("home", fail)),
    );
    expect(results).toEqual(Array(10).fill("old"));
    await expect(caches[0]?.getOrLoad("other", fail)).rejects.toThrowError("database is down");
    await caches[1]?.delete("home");
    await expect(caches[0]?.getOrLoad("home", fail)).rejects.toThrowError("database is down");
  });

  it("are loaded ahead by their owner, so that no read of them waits", async () => {
    const [cache] = await cachesOf<Row>("hot_rows");
    await cache?.get("k1");
    const sources = new Set<string | undefined>();
    await eventually("it was loaded ahead twice", async () => {
      for (let read = 0; read < 100; read++) {
        sources.add((await cache?.getWithMeta("k1"))?.source);
      }
      return ((await cache?.stats())?.refreshesAhead ?? 0) >= 2;
    });
    expect([...sources]).toEqual(["memory"]);
    expect((await cache?.stats())?.misses).toBe(1);
  });

  it("are loaded ahead by one caller, so that nobody waits for a loader", async () => {
    const caches = await cachesOf<number>("hot_pages");
    let loads = 0;
    const load = async () => {
      await passed(LOADER_MS);
      loads += 1;
      return loads;
    };
    await caches[0]?.getOrLoad("hot", load);
    const sources = new Set<string>();
    await eventually("it was loaded ahead twice", async () => {
      for (const cache of caches) {
        sources.add((await cache.getOrLoadWithMeta("hot", load)).source);
      }
      return loads >= 3;
    });
    expect([...sources]).toEqual(["memory"]);
    expect(await caches[0]?.stats()).toMatchObject({ misses: 1 });
  });
});
