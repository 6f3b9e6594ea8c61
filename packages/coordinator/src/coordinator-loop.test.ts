import { settle } from "@holdfast/core/testing";
import { encodeRecord, RegistryUnavailableError } from "@holdfast/process";
import { encodeTopology as encoded } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { incarnationOf, nameOf, record } from "./testing/cluster-model.js";
import { Harness, MEMBER_TTL_MS } from "./testing/harness.js";

const memberJson = (name: string) => encodeRecord(record(name));

/** A cluster of these nodes, balanced, with one coordinator. */
async function clusterOf(...names: string[]) {
  const cluster = new Harness();
  const coordinator = await cluster.startCoordinator("c1");
  for (const name of names) await cluster.register(name);
  await cluster.pass(2_000);
  return { cluster, coordinator };
}

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

describe("CoordinatorLoop: requests", () => {
  const never = new AbortController().signal;

  it("grants an owner a higher term", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    const request = { partition: 5, incarnation: incarnationOf("a"), term: 1, minTerm: 9 };
    const granted = coordinator.loop.requests.askForTerm(request, never);
    await cluster.pass(50);
    await granted;
    expect(cluster.topology?.partitions[5]).toMatchObject({ term: 9, planned: true });
  });

  it("refuses a term to somebody who is not the owner", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    const request = { partition: 5, incarnation: incarnationOf("b"), term: 1, minTerm: 0 };
    const refused = expect(
      coordinator.loop.requests.askForTerm(request, never),
    ).rejects.toMatchObject({ code: "NOT_OWNER" });
    await cluster.pass(50);
    await refused;
  });

  it("takes note of who is fenced, and forgets the dead then", async () => {
    const { cluster, coordinator } = await clusterOf("a", "b");
    await using _ = cluster;
    await cluster.kill("a");
    await cluster.pass(500);
    const noted = coordinator.loop.requests.reportFenced([incarnationOf("a")], never);
    await cluster.pass(500);
    await noted;
    expect(cluster.topology?.partitions.flatMap(({ unfenced }) => unfenced)).toEqual([]);
    expect(cluster.topology?.members.map(({ nodeId }) => nodeId)).toEqual(["b"]);
  });

  it("answers a request that comes to nothing before its caller gives up", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.registry.setAvailable(false);
    const giveUp = new AbortController();
    const request = { partition: 5, incarnation: incarnationOf("a"), term: 1, minTerm: 0 };
    const refused = expect(
      coordinator.loop.requests.askForTerm(request, giveUp.signal),
    ).rejects.toMatchObject({ code: "UNAVAILABLE" });
    giveUp.abort();
    await refused;
    expect(coordinator.loop.requests.termRequests).toEqual([]);
  });

  it("refuses everything that waits when the leadership ends", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.registry.setAvailable(false);
    const request = { partition: 5, incarnation: incarnationOf("a"), term: 1, minTerm: 0 };
    const refused = expect(
      coordinator.loop.requests.askForTerm(request, never),
    ).rejects.toMatchObject({ code: "UNAVAILABLE", message: "this coordinator no longer leads" });
    await cluster.pass(5_000);
    await refused;
  });
});

describe("CoordinatorLoop: the registry fails", () => {
  it("knows a publish whose answer was lost by its token", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.registry.answersToLose = 1;
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
      'the stored cluster has format version 2 (this release knows 1) and hash algorithm "xxh3" (this release knows "murmur3-x86-32")',
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

describe("CoordinatorLoop: two coordinators", () => {
  it("hands over at once when the leader stops, and resumes the moves", async () => {
    await using cluster = new Harness();
    const first = await cluster.startCoordinator("c1", { moveBatch: 2 });
    const second = await cluster.startCoordinator("c2", { moveBatch: 2 });
    await cluster.register("a");
    await cluster.pass(1_000);
    await cluster.register("b");
    await cluster.pass(300);
    expect(cluster.counts().b ?? 0).toBeLessThan(8);
    expect([first.leadership.reign, second.leadership.reign].filter(Boolean)).toHaveLength(1);
    await first.stop();
    await cluster.pass(50);
    expect(second.leadership.reign).toBeDefined();
    await cluster.pass(3_000);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
  });

  it("takes over when the leader's lease has ended", async () => {
    await using cluster = new Harness();
    const first = await cluster.startCoordinator("c1");
    const second = await cluster.startCoordinator("c2");
    await cluster.register("a");
    await cluster.pass(1_000);
    first.crash();
    await cluster.pass(3_500);
    expect(second.leadership.reign).toBeDefined();
    await cluster.register("b");
    await cluster.pass(1_000);
    expect(cluster.counts()).toEqual({ a: 8, b: 8 });
  });

  it("lets a deposed leader publish nothing", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    // Its key is replaced behind its back, and it does not hear of it.
    cluster.registry.setSilent(true);
    await cluster.registry.delete("coordinator");
    await cluster.registry.put(
      "coordinator",
      JSON.stringify({ coordinatorId: "c2", address: "c2:1" }),
    );
    const request = { partition: 1, incarnation: incarnationOf("a"), term: 1, minTerm: 0 };
    const refused = coordinator.loop.requests
      .askForTerm(request, new AbortController().signal)
      .catch((error: unknown) => error);
    await cluster.pass(500);
    expect(coordinator.stats.refusedPublishes).toBeGreaterThan(0);
    expect(cluster.history).toHaveLength(1);
    cluster.registry.setSilent(false);
    await cluster.pass(500);
    expect(coordinator.leadership.reign).toBeUndefined();
    expect(await refused).toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("Leadership", () => {
  it("knows an election whose answer was lost by its lease", async () => {
    await using cluster = new Harness();
    cluster.registry.answersToLose = 1;
    const coordinator = await cluster.startCoordinator("c1");
    await cluster.pass(500);
    expect(coordinator.leadership.reign).toBeDefined();
  });

  it("ends when the lease is no longer certain to live, before the registry ends it", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    const before = coordinator.leadership.reign;
    cluster.registry.setAvailable(false);
    await cluster.pass(2_600);
    expect(coordinator.leadership.reign).toBeUndefined();
    cluster.registry.setAvailable(true);
    await cluster.pass(2_000);
    // The key is the same, but absences count from now.
    const after = coordinator.leadership.reign;
    expect(after?.createRevision).toBe(before?.createRevision);
    expect(after?.sinceMs).toBeGreaterThan(before?.sinceMs ?? 0);
  });

  it("is won again after the registry lost everything", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    await cluster.registry.wipe();
    await cluster.pass(5_000);
    expect(coordinator.leadership.reign).toBeDefined();
    expect(await cluster.registry.get("coordinator")).toBeDefined();
  });

  it("survives a registry that is down when it starts", async () => {
    await using cluster = new Harness();
    cluster.registry.setAvailable(false);
    const coordinator = await cluster.startCoordinator("c1");
    await cluster.pass(2_000);
    await expect(cluster.registry.get("config")).rejects.toThrow(RegistryUnavailableError);
    cluster.registry.setAvailable(true);
    await cluster.register("a");
    await cluster.pass(2_000);
    expect(coordinator.leadership.reign).toBeDefined();
    expect(cluster.counts()).toEqual({ a: 16 });
  });
});
