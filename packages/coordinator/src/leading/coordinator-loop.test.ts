import { settle } from "@holdfast/core/testing";
import { encodeRecord } from "@holdfast/process";
import { encodeTopology as encoded } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { incarnationOf, nameOf, record } from "../testing/cluster-model.js";
import { clusterOf, Harness, MEMBER_TTL_MS } from "../testing/harness.js";

const memberJson = (name: string) => encodeRecord(record(name));

describe("CoordinatorLoop: joining and leaving", () => {
  it("shares the partitions of a new cluster out at once, without moving any", async () => {
    const { cluster, coordinator } = await clusterOf("a", "b", "c", "d");
    await using _ = cluster;
    expect(cluster.counts()).toEqual({ a: 4, b: 4, c: 4, d: 4 });
    expect(cluster.peers.calls).toEqual([]);
    expect(coordinator.stats.publishes).toBe(1);
    expect(cluster.topology?.epoch).toBe(1);
  });

  it("gives a newcomer its share by asking the owners", async () => {
    const { cluster } = await clusterOf("a", "b");
    await using _ = cluster;
    await cluster.register("c");
    await cluster.pass(1_000);
    expect(Object.keys(cluster.counts()).sort()).toEqual(["a", "b", "c"]);
    expect(Math.max(...Object.values(cluster.counts()))).toBeLessThanOrEqual(6);
    const asked = cluster.peers.calls.flatMap(({ partitions }) => partitions);
    expect(asked.length).toBe(cluster.counts().c);
    for (const number of asked) {
      expect(cluster.topology?.partitions[number]).toMatchObject({ planned: true, term: 2 });
    }
  });

  it("asks for a limited number of partitions at a time", async () => {
    await using cluster = new Harness();
    await cluster.startCoordinator("c1", { moveBatch: 3 });
    await cluster.register("a");
    await cluster.pass(1_000);
    await cluster.register("b");
    await cluster.pass(3_000);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
    expect(cluster.peers.calls.map(({ partitions }) => partitions.length)).toEqual([3, 3, 2]);
  });

  it("publishes five times a second at most while members only come and go", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.peers.manners.set("a:2", "busy");
    const before = coordinator.stats.publishes;
    for (let change = 0; change < 40; change++) {
      await cluster.register("b", { weight: 1 + (change % 2) });
      await cluster.pass(25);
    }
    expect(coordinator.stats.publishes - before).toBeLessThanOrEqual(6);
  });

  it("empties a draining node and lets it go without fencing it", async () => {
    const { cluster } = await clusterOf("a", "b");
    await using _ = cluster;
    await cluster.register("b", { state: "draining" });
    await cluster.pass(1_000);
    expect(cluster.counts()).toEqual({ a: 16 });
    await cluster.kill("b");
    await cluster.pass(1_000);
    expect(cluster.topology?.members.map(({ nodeId }) => nodeId)).toEqual(["a"]);
  });
});

describe("CoordinatorLoop: deaths", () => {
  it("replaces a node at once whose lease was seen to end", async () => {
    const { cluster, coordinator } = await clusterOf("a", "b", "c");
    await using _ = cluster;
    const lost = cluster.ownedBy("a");
    await cluster.kill("a");
    await settle();
    await settle();
    expect(Object.keys(cluster.counts()).sort()).toEqual(["b", "c"]);
    expect(coordinator.stats.failovers).toBe(lost.length);
    for (const number of lost) {
      const partition = cluster.topology?.partitions[number];
      expect(partition).toMatchObject({ term: 2, planned: false });
      expect(partition?.unfenced.map(nameOf)).toEqual(["a"]);
    }
  });

  it("replaces a node that restarted under another incarnation", async () => {
    const { cluster } = await clusterOf("a", "b");
    await using _ = cluster;
    await cluster.register("a#2");
    await cluster.pass(1_000);
    expect(cluster.counts()).toEqual({ "a#2": 8, b: 8 });
  });

  it("publishes a failover before it waits any longer for releases", async () => {
    const { cluster } = await clusterOf("a", "b", "c");
    await using _ = cluster;
    for (const node of ["a", "b", "c"]) cluster.peers.manners.set(`${node}:2`, "silent");
    await cluster.register("d");
    await cluster.pass(300);
    expect(cluster.peers.calls.length).toBeGreaterThan(0);
    const before = cluster.topology?.epoch ?? 0;
    await cluster.kill("a");
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(cluster.topology?.epoch).toBe(before + 1);
    expect(cluster.ownedBy("a")).toEqual([]);
  });

  it("does not declare a member dead that is back before the publish", async () => {
    const { cluster, coordinator } = await clusterOf("a", "b");
    await using _ = cluster;
    let returned = false;
    cluster.registry.beforeTransaction = async (writes) => {
      if (returned || !writes.some(({ key }) => key === "topology")) return;
      returned = true;
      await cluster.registry.put("members/a", memberJson("a"));
    };
    await cluster.kill("a");
    await cluster.pass(1_000);
    expect(returned).toBe(true);
    expect(coordinator.stats.refusedPublishes).toBe(1);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
    expect(cluster.topology?.members.map(({ state }) => state)).toEqual(["active", "active"]);
  });

  it("waits a full TTL for a member that a new leader finds absent", async () => {
    const { cluster, coordinator } = await clusterOf("a", "b");
    await using _ = cluster;
    coordinator.crash();
    await cluster.kill("a");
    await cluster.startCoordinator("c2");
    // The key of the former leader lives on for its lease.
    await cluster.pass(3_100);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
    await cluster.pass(MEMBER_TTL_MS - 300);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
    await cluster.pass(400);
    expect(cluster.counts()).toEqual({ b: 16 });
  });

  it("does not wait for an absent member whose exit is reported", async () => {
    const { cluster, coordinator } = await clusterOf("a", "b");
    await using _ = cluster;
    coordinator.crash();
    await cluster.kill("a");
    const second = await cluster.startCoordinator("c2");
    await cluster.pass(3_100);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
    second.loop.noteExit(incarnationOf("a"));
    await cluster.pass(100);
    expect(cluster.counts()).toEqual({ b: 16 });
  });

  it("leaves partitions to nobody while nobody is left, and gives them to the next", async () => {
    const { cluster } = await clusterOf("a");
    await using _ = cluster;
    await cluster.kill("a");
    await cluster.pass(500);
    expect(cluster.counts()).toEqual({ nobody: 16 });
    await cluster.register("a#2");
    await cluster.pass(1_000);
    expect(cluster.counts()).toEqual({ "a#2": 16 });
  });
});

describe("CoordinatorLoop: releases that fail", () => {
  it("asks a busy owner again, later and later", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.peers.manners.set("a:2", "busy");
    await cluster.register("b");
    await cluster.pass(5_000);
    expect(cluster.counts()).toEqual({ a: 16 });
    expect(coordinator.stats.busyReleases).toBeGreaterThan(8);
    expect(cluster.peers.calls.length).toBeLessThan(60);
    cluster.peers.manners.clear();
    await cluster.pass(6_000);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
  });

  it("publishes again when it is not known whether an owner has let go", async () => {
    const { cluster } = await clusterOf("a");
    await using _ = cluster;
    cluster.peers.manners.set("a:2", "deaf");
    await cluster.register("b");
    await cluster.pass(300);
    const [call] = cluster.peers.calls;
    // The owner serves again only on a later epoch than the one that the release named.
    expect(cluster.topology?.epoch).toBeGreaterThan(call?.epoch ?? 0);
    expect(cluster.counts()).toEqual({ a: 16 });
    cluster.peers.manners.clear();
    await cluster.pass(6_000);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
  });

  it("ignores what was released on an epoch that is no longer the latest", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    let interfered = false;
    cluster.registry.beforeTransaction = async (writes) => {
      const isFlip =
        cluster.peers.calls.length === 1 && writes.some(({ key }) => key === "topology");
      if (!isFlip || interfered) return;
      interfered = true;
      // Another publish slips in between, as a deposed leader's could.
      const entry = cluster.topology;
      if (entry !== undefined)
        await cluster.registry.put(
          "topology",
          encoded({ ...entry, epoch: entry.epoch + 1, writeToken: "x" }),
        );
    };
    await cluster.register("b");
    await cluster.pass(3_000);
    expect(interfered).toBe(true);
    expect(coordinator.stats.refusedPublishes).toBe(1);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
  });
});
