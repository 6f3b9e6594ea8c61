/**
 * What backups are worth: nodes are killed, or cut off, and the others have what they had acknowledged
 * before it is in the database.
 */
import { describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";

// Longer than any test: whatever it reads does not come from the database.
const NEVER = { maxDelay: "60s" };

const CACHES = {
  behind: { pattern: "write-behind", source: { kind: "entries" }, writeBehind: NEVER },
  backup: {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { ...NEVER, ack: "backup" },
  },
};

const KEYS = Array.from({ length: 300 }, (_, index) => `key-${index}`);

function victimOf({ local }: TestCluster, position = 0) {
  const victim = local.nodes[position];
  if (victim === undefined) throw new Error("no such node");
  return victim;
}

async function rowsOf({ database }: TestCluster): Promise<number> {
  const { rows } = await database.query("SELECT count(*)::int AS rows FROM holdfast_entries");
  return rows[0].rows;
}

describe("a node that is killed", () => {
  it.each(["behind", "backup"])(
    "has left what it acknowledged with its backups: %s",
    {
      timeout: 60_000,
    },
    async (name) => {
      await using cluster = await startCluster(CACHES);
      await cluster.local.settled();
      const client = await cluster.connect();
      const cache = client.cache<string>(name);
      const receipts = await Promise.all(KEYS.map((key) => cache.set(key, `${key} is new`)));
      expect(receipts.filter(({ degraded }) => degraded)).toEqual([]);
      expect(await rowsOf(cluster)).toBe(0);

      // It stays away.
      await cluster.local.killNode(victimOf(cluster).nodeId);
      const values = await Promise.all(KEYS.map((key) => cache.get(key, { timeout: "10s" })));
      expect(values).toEqual(KEYS.map((key) => `${key} is new`));

      // Two are left, which back each other up by now; one of them goes as well.
      await cluster.local.settled();
      await cluster.local.killNode(victimOf(cluster).nodeId);
      const again = await Promise.all(KEYS.map((key) => cache.get(key, { timeout: "10s" })));
      expect(again).toEqual(values);

      // Nobody is left to back up the last one: what its journal has is all there is.
      const last = await cache.set("key-0", "the last one");
      expect(last.degraded).toBe(true);
    },
  );

  it("without a word: its partitions are served again when its lease has ended", {
    timeout: 60_000,
  }, async () => {
    // One node is lost, and no other that stands still for a moment because the machine does.
    await using cluster = await startCluster(CACHES, { nodes: 3, leaseTtl: "5s" });
    await cluster.local.settled();
    const client = await cluster.connect();
    const cache = client.cache<string>("behind");
    await eventually("all keys have backups", async () => {
      const receipts = await Promise.all(KEYS.map((key) => cache.set(key, key)));
      return receipts.every(({ degraded }) => !degraded);
    });
    const victim = victimOf(cluster);
    const lost = KEYS.filter((key) => client.locate(key).owner?.nodeId === victim.nodeId);
    // Nobody is told: to the others it is a node that does not answer any more.
    process.kill(victim.pid, "SIGSTOP");
    try {
      const values = await Promise.all(lost.map((key) => cache.get(key, { timeout: "20s" })));
      expect(values).toEqual(lost);
      await cache.set(lost[0] ?? "", "written while it is away");
    } finally {
      process.kill(victim.pid, "SIGCONT");
    }
    await eventually("it is back as another incarnation", () => {
      const { members } = client.topology();
      const now = members.find(
        ({ nodeId, state }) => nodeId === victim.nodeId && state === "active",
      );
      return now !== undefined && now.incarnation !== victim.incarnation;
    });
    await cluster.local.settled();
    expect(await cache.get(lost[0] ?? "")).toBe("written while it is away");
  });
});

describe("two backups", () => {
  it("survive the loss of two nodes at once", { timeout: 60_000 }, async () => {
    await using cluster = await startCluster(CACHES, { nodes: 4, backups: 2 });
    await cluster.local.settled();
    const client = await cluster.connect();
    const cache = client.cache<string>("backup");
    await Promise.all(KEYS.map((key) => cache.set(key, key)));
    expect(await rowsOf(cluster)).toBe(0);
    const victims = [victimOf(cluster, 0), victimOf(cluster, 1)];
    await Promise.all(victims.map(({ nodeId }) => cluster.local.killNode(nodeId)));
    const values = await Promise.all(KEYS.map((key) => cache.get(key, { timeout: "15s" })));
    expect(values).toEqual(KEYS);
  });
});

describe("a write that asks for more than its cache", () => {
  it("waits for the database", { timeout: 60_000 }, async () => {
    await using cluster = await startCluster(CACHES);
    const client = await cluster.connect();
    await client.cache<string>("behind").set("key", "value", { ack: "database", timeout: "10s" });
    expect(await rowsOf(cluster)).toBe(1);
  });
});
