/**
 * Nodes that were away: paused for longer than their lease, or killed and started again. Neither
 * may act on what it owned before.
 */
import { credentials } from "@grpc/grpc-js";
import { Peer } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { breather, eventually } from "./support/eventually.js";

/** Longer than the pause's first moments, shorter than the pause: the flush falls due meanwhile. */
const CACHES = {
  behind: {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { maxDelay: "1500ms" },
  },
  through: { pattern: "write-through", source: { kind: "entries" } },
};

/** Asks a node directly, as another node would: it answers for itself or names the owner. */
function forward(address: string, key: string): Promise<{ code: string; term: number }> {
  const peer = new Peer(address, credentials.createInsecure());
  const operation = { id: 0, kind: "GET", cache: "behind", key: Buffer.from(key), forwarded: true };
  return new Promise((resolve, reject) => {
    const batch = { epoch: 0, budgetMs: 1_000, operations: [operation] } as const;
    peer.Forward(batch as never, { deadline: Date.now() + 30_000 }, (error, response) => {
      peer.close();
      const reply = response?.replies[0];
      if (error !== null || reply === undefined) reject(error ?? new Error("no reply"));
      else resolve(reply);
    });
  });
}

function ownedKeys(client: Awaited<ReturnType<TestCluster["connect"]>>, nodeId: string): string[] {
  return Array.from({ length: 300 }, (_, index) => `key-${index}`).filter(
    (key) => client.locate(key).owner?.nodeId === nodeId,
  );
}

describe("a node that was paused for twice its lease", () => {
  it("serves nothing of its old term, writes no row itself, and returns as a new incarnation", {
    timeout: 120_000,
  }, async () => {
    await using cluster = await startCluster(CACHES);
    const client = await cluster.connect();
    const cache = client.cache<string>("behind");
    const keys = ownedKeys(client, "node-2").slice(0, 20);
    const oldTerms = new Map(keys.map((key) => [key, client.locate(key).term]));
    const zombie = cluster.local.nodes.find(({ nodeId }) => nodeId === "node-2");
    if (zombie === undefined) throw new Error("node-2 does not run");

    for (const key of keys) await cache.set(key, "acknowledged");
    process.kill(zombie.pid, "SIGSTOP");
    const pausedAt = performance.now();
    // Sent while it is paused: they are the first thing that it finds when it wakes up.
    const early = keys.map((key) => forward(zombie.addresses.peer, key));
    await eventually("others own its partitions", () =>
      keys.every((key) => {
        const { owner } = client.locate(key);
        return owner !== undefined && owner.nodeId !== "node-2";
      }),
    );
    // They were its backups, and have what it had acknowledged.
    for (const key of keys) expect(await cache.get(key)).toBe("acknowledged");
    await eventually("twice the lease is over", () => performance.now() > pausedAt + 4_000);
    process.kill(zombie.pid, "SIGCONT");

    for (const { code } of await Promise.all(early)) {
      expect(["NOT_OWNER", "UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain(code);
    }
    const returned = await eventually(
      "it is back as a new incarnation",
      () => {
        const member = client
          .topology()
          .members.find(({ nodeId, state }) => nodeId === "node-2" && state === "active");
        return member !== undefined && member.incarnation !== zombie.incarnation && member;
      },
      20_000,
    );
    expect(returned.incarnation).not.toBe(zombie.incarnation);
    // It could write nothing as what it was; the new owners did, under the versions of then. What it
    // has in its journal is found to be there already.
    await eventually("its acknowledged writes are in the database", async () => {
      const { rows } = await cluster.database.query(
        "SELECT convert_from(key, 'UTF8') AS key, (version >> 32)::int AS term FROM holdfast_entries",
      );
      const terms = new Map(rows.map(({ key, term }) => [key as string, term as number]));
      return keys.every((key) => terms.get(key) === oldTerms.get(key));
    });
    for (const key of keys) expect(await cache.get(key)).toBe("acknowledged");
    const fenced = await cluster.database.query(
      "SELECT fenced FROM holdfast_incarnations WHERE incarnation = $1",
      [zombie.incarnation],
    );
    expect(fenced.rows).toEqual([{ fenced: true }]);
    // It owns partitions again, and serves them under higher terms.
    await cluster.local.settled();
    const again = await eventually("the client sees what it owns again", () => {
      const owned = ownedKeys(client, "node-2");
      return owned.length > 0 && owned;
    });
    for (const key of again) {
      await cache.set(key, "new");
      expect(client.locate(key).term).toBeGreaterThan(oldTerms.get(key) ?? 0);
      expect(await cache.get(key)).toBe("new");
    }
  });
});

describe("a node that is killed and started again under load", () => {
  it("never lets a write of its old term stand above an acknowledged one", {
    timeout: 120_000,
  }, async () => {
    await using cluster = await startCluster(CACHES);
    const client = await cluster.connect();
    const cache = client.cache<number>("through");
    const acknowledged = new Map<string, { value: number; version: number }>();
    const regressions: string[] = [];
    let isRunning = true;
    const worker = async (id: number) => {
      for (let turn = 1; isRunning; turn++) {
        const key = `w${id}-${turn % 40}`;
        const before = acknowledged.get(key);
        try {
          const { version } = await cache.set(key, turn, { timeout: "10s" });
          if (before !== undefined && version <= before.version) regressions.push(key);
          acknowledged.set(key, { value: turn, version });
        } catch {
          // A write whose outcome is unknown may stand; the key is left alone from then on.
          acknowledged.delete(key);
          return;
        }
        await breather();
      }
    };
    const workers = Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(worker));
    await eventually("many writes are acknowledged", () => acknowledged.size > 200);
    const victim = cluster.local.nodes.find(({ nodeId }) => nodeId === "node-1");
    if (victim === undefined) throw new Error("node-1 does not run");
    // The launcher sees it end, reports that, and starts it again well within its lease.
    process.kill(victim.pid, "SIGKILL");
    await eventually(
      "it is back",
      () => {
        const now = cluster.local.nodes.find(({ nodeId }) => nodeId === "node-1");
        return now !== undefined && now.pid !== victim.pid;
      },
      20_000,
    );
    await cluster.local.settled();
    isRunning = false;
    await workers;

    expect(regressions).toEqual([]);
    const { rows } = await cluster.database.query(
      "SELECT convert_from(key, 'UTF8') AS key, convert_from(value, 'UTF8') AS value, version FROM holdfast_entries",
    );
    const stored = new Map(rows.map(({ key, ...row }) => [key as string, row]));
    for (const [key, { value, version }] of acknowledged) {
      expect(stored.get(key)).toEqual({ value: String(value), version: String(version) });
      expect(await cache.get(key)).toBe(value);
    }
  });
});
