/** etcd comes back without its data, under a cluster that goes on running. */
import { afterEach, describe, expect, it } from "vitest";
import { startCluster } from "./support/cluster.js";
import { type Etcd, startEtcd } from "./support/etcd.js";
import { eventually } from "./support/eventually.js";

let replacement: Etcd | undefined;

afterEach(() => replacement?.stop());

describe("an etcd that lost its data", () => {
  it("is filled again: the same cluster, higher epochs and terms, nothing acknowledged is lost", {
    timeout: 120_000,
  }, async () => {
    await using cluster = await startCluster({
      through: { pattern: "write-through", source: { kind: "entries" } },
    });
    const client = await cluster.connect();
    const cache = client.cache<number>("through");
    const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
    const before = new Map<string, number>();
    for (const key of keys) before.set(key, (await cache.set(key, 1)).version);
    const { epoch, clusterId } = client.topology();
    const pids = cluster.local.nodes.map(({ pid }) => pid);

    const { port } = cluster.etcd;
    await cluster.etcd.kill();
    replacement = await startEtcd({ port });

    await eventually(
      "a later topology is published",
      () => client.topology().epoch > epoch,
      40_000,
    );
    await eventually(
      "everything is served",
      async () => {
        await cluster.apply({ through: { pattern: "write-through", source: { kind: "entries" } } });
        await Promise.all(keys.map((key) => cache.get(key, { timeout: "500ms" })));
        return true;
      },
      40_000,
    );
    expect(client.topology().clusterId).toBe(clusterId);
    expect(cluster.local.nodes.map(({ pid }) => pid)).toEqual(pids);
    for (const key of keys) {
      expect(await cache.get(key)).toBe(1);
      const { version } = await cache.set(key, 2);
      expect(version).toBeGreaterThan(before.get(key) as number);
    }
    const { rows } = await cluster.database.query(
      "SELECT count(*)::int AS n FROM holdfast_entries WHERE convert_from(value, 'UTF8') = '2'",
    );
    expect(rows[0].n).toBe(keys.length);
    await cluster[Symbol.asyncDispose]();
  });
});
