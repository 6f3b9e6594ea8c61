import { encodeRecord } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { nameOf, record } from "../testing/cluster-model.js";
import { clusterOf, Harness, MEMBER_TTL_MS } from "../testing/harness.js";

const memberJson = (name: string) => encodeRecord(record(name));

describe("CoordinatorLoop: the registry fails", () => {
  it("knows a publish whose answer was lost by its token", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.registry.loseNextAnswer();
    await cluster.kill("a");
    await cluster.pass(300);
    expect(cluster.counts()).toEqual({ nobody: 16 });
    expect(coordinator.stats.refusedPublishes).toBe(0);
    expect(cluster.history.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it("goes on after an outage, and counts absences from its end", async () => {
    const { cluster } = await clusterOf("a", "b");
    await using _ = cluster;
    cluster.registry.setAvailable(false);
    await cluster.pass(10_000);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
    cluster.registry.setAvailable(true);
    // Gone from the first state that is seen after the outage.
    await cluster.kill("a");
    await cluster.pass(4_000);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
    await cluster.pass(4_000);
    expect(cluster.counts()).toEqual({ b: 16 });
  });

  it("puts a topology back that somebody deleted", async () => {
    const { cluster } = await clusterOf("a", "b");
    await using _ = cluster;
    const before = cluster.topology;
    await cluster.registry.delete("topology");
    await cluster.pass(1_000);
    expect(cluster.topology).toMatchObject({ epoch: 2, partitions: before?.partitions });
  });

  it("does not start a cluster of another format", async () => {
    await using cluster = new Harness();
    await cluster.registry.put(
      "config",
      JSON.stringify({
        clusterId: "x",
        formatVersion: 2,
        partitions: 16,
        hashAlgorithm: "xxh3",
        hashSeed: 1,
      }),
    );
    const coordinator = await cluster.startCoordinator("c1");
    await cluster.register("a");
    await cluster.pass(1_000);
    expect(coordinator.fatal.map(({ message }) => message)).toEqual([
      "the cluster has format 2, and this version understands 1",
    ]);
    expect(cluster.history).toEqual([]);
  });

  it("ignores members that it cannot read, and serves the others", async () => {
    await using cluster = new Harness();
    await cluster.startCoordinator("c1");
    await cluster.registry.put("members/bad", "{");
    await cluster.registry.put("members/other", memberJson("a"));
    await cluster.register("a");
    await cluster.pass(1_000);
    expect(cluster.counts()).toEqual({ a: 16 });
    expect(cluster.topology?.members).toHaveLength(1);
  });
});

describe("CoordinatorLoop: lost topologies", () => {
  const floors = {
    open: async () => ({ epoch: 4_100, term: 300 }),
    ensure: async () => {},
    close: async () => {},
  };

  it("starts above the floor, after a TTL, when the registry has been wiped", async () => {
    await using cluster = new Harness();
    await cluster.startCoordinator("c1", { floors });
    await cluster.register("a");
    await cluster.pass(MEMBER_TTL_MS - 500);
    expect(cluster.topology).toBeUndefined();
    await cluster.pass(2_000);
    expect(cluster.topology?.epoch).toBe(4_101);
    expect(cluster.topology?.partitions.every(({ term }) => term === 301)).toBe(true);
  });

  it("goes on from the highest topology that a member holds", async () => {
    await using cluster = new Harness();
    const { cluster: other } = await clusterOf("a", "b");
    const held = other.topology;
    await other[Symbol.asyncDispose]();
    if (held === undefined) throw new Error("no topology");
    cluster.peers.topologies.set("a:1", { ...held, epoch: 4_200 });
    cluster.peers.topologies.set("c:1", { ...held, epoch: 4_000, members: [] });
    await cluster.register("a", { topologyEpoch: 4_200 });
    await cluster.register("c", { topologyEpoch: 4_000 });
    await cluster.startCoordinator("c1", { floors });
    await cluster.pass(MEMBER_TTL_MS + 2_000);
    expect(cluster.topology?.epoch).toBeGreaterThan(4_200);
    // a keeps what it had, b is missed and remembered, c gets a share.
    expect(cluster.counts()).toEqual({ a: 8, c: 8 });
    for (const { owner, term, unfenced } of cluster.topology?.partitions ?? []) {
      expect(term).toBeGreaterThanOrEqual(301);
      expect(unfenced.map(nameOf)).toEqual(nameOf(owner) === "c" ? ["b"] : []);
    }
  });
});
