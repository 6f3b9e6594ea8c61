/**
 * What a planned change of owner costs: nothing. Entries that are nowhere but in memory are all there
 * afterwards, while clients go on.
 */
import { describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { breather } from "./support/eventually.js";

const CACHES = {
  // What is in it is in no database: if it does not travel, it is gone.
  aside: { pattern: "cache-aside" },
  // Longer than any test: what is dirty stays dirty.
  behind: {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { maxDelay: "60s" },
  },
};

const KEYS = Array.from({ length: 3_000 }, (_, index) => `key-${index}`);
const FEW = KEYS.slice(0, 300);

/** Writes and reads one key after the other until it is told to end; returns how often. */
function keepBusy(cluster: Awaited<ReturnType<TestCluster["connect"]>>) {
  const cache = cluster.cache<number>("behind");
  let isOver = false;
  let count = 0;
  const lane = async (key: string) => {
    while (!isOver) {
      count += 1;
      const value = count;
      await cache.set(key, value);
      expect(await cache.get(key)).toBe(value);
      await breather();
    }
  };
  const lanes = Promise.all(["a", "b", "c", "d"].map((key) => lane(`busy-${key}`)));
  return async () => {
    isOver = true;
    await lanes;
    return count;
  };
}

describe("nodes that come, leave and restart in order", () => {
  it("cost no hit, no write and no failed call", { timeout: 120_000 }, async () => {
    // A lease that is lost, as a machine that stands still may have it, would be no planned change.
    await using cluster = await startCluster(CACHES, { nodes: 2, leaseTtl: "5s" });
    const { local } = cluster;
    await local.settled();
    const client = await cluster.connect();
    const aside = client.cache<string>("aside");
    const behind = client.cache<string>("behind");
    await Promise.all(KEYS.map((key) => aside.set(key, `${key} in memory`)));
    await Promise.all(FEW.map((key) => behind.set(key, `${key} not written yet`)));
    const stop = keepBusy(client);
    const check = async () => {
      await local.settled();
      const kept = await Promise.all(KEYS.map((key) => aside.get(key)));
      expect(kept.filter((value) => value === undefined)).toHaveLength(0);
      const dirty = await Promise.all(FEW.map((key) => behind.get(key)));
      expect(dirty).toEqual(FEW.map((key) => `${key} not written yet`));
    };

    const { nodeId } = await local.addNode();
    await check();
    await local.restartNode(nodeId);
    await check();
    await local.stopNode("node-1");
    await check();
    expect(await stop()).toBeGreaterThan(100);
  });
});
