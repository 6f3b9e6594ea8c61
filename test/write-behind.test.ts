/**
 * What can be known of a write on its way to the database, and done about it, on real processes and
 * servers: receipts, of writes that are lost as well, flushes, and writers that are slowed down when the
 * queue is nearly full.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";
import { holdfast } from "./support/holdfast.js";

// Longer than any test: whatever reaches the database was asked to.
const NEVER = { maxDelay: "60s" };
const ENTRIES = { kind: "entries" };

const CACHES = {
  behind: { pattern: "write-behind", source: ENTRIES, writeBehind: NEVER },
  through: { pattern: "write-through", source: ENTRIES },
  aside: { pattern: "cache-aside" },
  narrow: {
    pattern: "write-behind",
    source: ENTRIES,
    writeBehind: { ...NEVER, ack: "memory", queueMaxEntries: 200, writeThroughAbove: 0.5 },
  },
};

const ORDERS = {
  orders: {
    pattern: "write-behind",
    source: { kind: "table", table: "orders", key: "id" },
    writeBehind: NEVER,
  },
};

const KEYS = Array.from({ length: 200 }, (_, index) => `key-${index}`);

async function rowsOf({ database }: TestCluster, cache: string): Promise<number> {
  const { rows } = await database.query(
    "SELECT count(*)::int AS rows FROM holdfast_entries WHERE cache = $1",
    [cache],
  );
  return rows[0].rows;
}

describe("a write-behind cluster", { timeout: 60_000 }, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster(CACHES);
    await cluster.local.settled();
    await cluster.database.query(
      "CREATE TABLE orders (id text PRIMARY KEY, total integer NOT NULL CHECK (total >= 0))",
    );
    await cluster.apply(ORDERS);
  }, 60_000);

  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it("flushes a cache on all nodes, and honours the receipts of its writes", async () => {
    const client = await cluster.connect();
    const cache = client.cache<string>("behind");
    const receipts = await Promise.all(KEYS.map((key) => cache.set(key, key)));
    const early = receipts[0]?.persisted({ timeout: 200 });
    await expect(early).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(await rowsOf(cluster, "behind")).toBe(0);

    const waiting = Promise.all(receipts.map((receipt) => receipt.persisted({ timeout: "20s" })));
    expect(await cache.flush({ timeout: "20s" })).toEqual({
      persisted: KEYS.length,
      refused: 0,
      dirty: 0,
      keys: new Map(),
    });
    await waiting;
    expect(await rowsOf(cluster, "behind")).toBe(KEYS.length);
    expect(await cluster.dirtyEntries("behind")).toBe(0);
  });

  it("flushes single keys, and tells what the database refuses of them", async () => {
    const client = await cluster.connect();
    const orders = client.cache<{ id: string; total: number }>("orders");
    const good = await orders.set("1", { id: "1", total: 5 });
    const bad = await orders.set("2", { id: "2", total: -5 });
    await orders.set("3", { id: "3", total: 7 });
    const waiting = expect(bad.persisted({ timeout: "20s" })).rejects.toMatchObject({
      code: "DEAD_LETTER",
    });
    expect(await orders.flush(["1", "2"], { timeout: "20s" })).toMatchObject({
      persisted: 1,
      refused: 1,
      dirty: 0,
      keys: new Map([
        ["1", "persisted"],
        ["2", "refused"],
      ]),
    });
    await waiting;
    await good.persisted();
    // The same for whoever asks later.
    await expect(bad.persisted()).rejects.toMatchObject({ code: "DEAD_LETTER" });
    const { rows } = await cluster.database.query("SELECT id FROM orders WHERE id IN ('1', '2')");
    expect(rows).toEqual([{ id: "1" }]);
  });

  it("says of a write-through cache that everything is there, of a cache-aside one that nothing is", async () => {
    const client = await cluster.connect();
    const receipt = await client.cache<string>("through").set("k", "v");
    await receipt.persisted();
    expect(await client.cache("through").flush()).toMatchObject({ persisted: 0, dirty: 0 });
    const aside = await client.cache<string>("aside").set("k", "v");
    await expect(aside.persisted()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(client.cache("aside").flush()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("slows writers down while the database stands still, and writes what they wrote", async () => {
    const client = await cluster.connect();
    const cache = client.cache<string>("narrow");
    await cluster.database.query("BEGIN");
    await cluster.database.query("LOCK TABLE holdfast_entries IN EXCLUSIVE MODE");
    let acknowledged = 0;
    const writing = Promise.all(
      Array.from({ length: 450 }, async (_, index) => {
        await cache.set(`narrow-${index}`, "v", { timeout: "20s" });
        acknowledged += 1;
      }),
    );
    try {
      // Three nodes take a hundred each as ever.
      await eventually("writers are slowed down", async () => {
        return (await cache.stats()).slowedWrites > 50;
      });
      expect(acknowledged).toBeLessThanOrEqual(300);
    } finally {
      await cluster.database.query("COMMIT");
    }
    await writing;
    await cache.flush({ timeout: "20s" });
    expect(await rowsOf(cluster, "narrow")).toBe(450);
    expect((await cache.stats()).batchRows).toBeGreaterThan(0);
  });

  it("is flushed by a command", async () => {
    const client = await cluster.connect();
    const cache = client.cache<string>("behind");
    const seed = ["--seed", cluster.local.seeds[0] ?? ""];
    await cache.set("by hand", "v");
    const one = await holdfast("flush", "behind", "by hand", ...seed);
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(one.stdout).toBe(
      "by hand: persisted\n1 persisted, 0 refused by the database, 0 still dirty\n",
    );
    await cache.set("by hand", "again");
    const all = await holdfast("flush", "behind", "--json", ...seed);
    expect(JSON.parse(all.stdout)).toEqual({ persisted: 1, refused: 0, dirty: 0, keys: {} });
    const orders = client.cache<{ id: string; total: number }>("orders");
    await orders.set("9", { id: "9", total: -1 });
    const refused = await holdfast("flush", "orders", ...seed);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("9: refused\n");
  });

  it("has a command that tells how much is dirty while the database stands still", async () => {
    const client = await cluster.connect();
    const cache = client.cache<string>("behind");
    await cluster.database.query("BEGIN");
    await cluster.database.query("LOCK TABLE holdfast_entries IN EXCLUSIVE MODE");
    try {
      await cache.set("held up", "v");
      const options = ["--timeout", "4s", "--seed", cluster.local.seeds[0] ?? ""];
      const { code, stdout, stderr } = await holdfast("flush", "behind", ...options);
      expect(stderr).toBe("still flushing after 2 s; dirty entries in the cache: 1\n");
      expect(stdout).toBe(
        "held up: dirty\n0 persisted, 0 refused by the database, 1 still dirty\n",
      );
      expect(code).toBe(1);
    } finally {
      await cluster.database.query("COMMIT");
    }
    expect(await cache.flush({ timeout: "20s" })).toMatchObject({ dirty: 0 });
  });

  it("honours receipts of a killed node's writes", async () => {
    const client = await cluster.connect();
    const cache = client.cache<string>("behind");
    const victim = cluster.local.nodes[0];
    const keys = KEYS.filter((key) => client.locate(key).owner?.nodeId === victim?.nodeId);
    const receipts = await Promise.all(keys.map((key) => cache.set(key, "from a killed node")));
    const waiting = Promise.all(receipts.map((receipt) => receipt.persisted({ timeout: "30s" })));
    await cluster.local.killNode(victim?.nodeId ?? "");
    await cache.flush({ timeout: "20s" });
    await waiting;
    const { rows } = await cluster.database.query(
      "SELECT count(*)::int AS rows FROM holdfast_entries WHERE convert_from(value, 'UTF8') LIKE '%killed node%'",
    );
    expect(rows[0].rows).toBe(keys.length);
  });
});

describe("a write that only its owner had", () => {
  it("is told to be lost when the owner is killed, and nothing else is", {
    timeout: 60_000,
  }, async () => {
    const caches = {
      fleeting: {
        pattern: "write-behind",
        source: ENTRIES,
        writeBehind: { ...NEVER, ack: "memory" },
      },
    };
    // No backups and no journals: what a node has not flushed is nowhere else.
    await using cluster = await startCluster(caches, {
      backups: 0,
      environment: (name): Record<string, string> => {
        if (name.startsWith("node-")) return { HOLDFAST_JOURNAL__DIR: "" };
        return name.startsWith("coordinator-") ? { HOLDFAST_RECOVERY_WAIT: "1s" } : {};
      },
    });
    const client = await cluster.connect();
    const cache = client.cache<string>("fleeting");
    const [victim] = cluster.local.nodes;
    const owned = KEYS.filter((key) => client.locate(key).owner?.nodeId === victim?.nodeId);
    const [rewritten = "", fresh = ""] = owned;
    const kept = await cache.set(rewritten, "flushed");
    await cache.flush([rewritten], { timeout: "20s" });
    const overwriting = await cache.set(rewritten, "not flushed");
    const first = await cache.set(fresh, "not flushed");
    const isLost = { code: "WRITE_LOST" };
    const waiting = expect(first.persisted({ timeout: "30s" })).rejects.toMatchObject(isLost);

    await cluster.local.killNode(victim?.nodeId ?? "");
    await waiting;
    for (const receipt of [first, overwriting]) {
      await expect(receipt.persisted({ timeout: "30s" })).rejects.toMatchObject(isLost);
    }
    await kept.persisted({ timeout: "30s" });
    expect(await cache.get(rewritten)).toBe("flushed");
    expect(await cache.get(fresh)).toBeUndefined();
  });
});
