import { RegistryUnavailableError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { incarnationOf } from "../testing/cluster-model.js";
import { clusterOf, Harness } from "../testing/harness.js";

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
    cluster.registry.loseNextAnswer();
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
    cluster.registry.wipe();
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
