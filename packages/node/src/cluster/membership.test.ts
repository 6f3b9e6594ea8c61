import {
  type ClusterConfig,
  FORMAT_VERSION,
  HASH_ALGORITHM,
  IncompatibleClusterError,
  silentLogger,
  type Topology,
} from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import {
  CONFIG_KEY,
  decodeMember,
  encodeRecord,
  LeaseKeeper,
  RegistryUnavailableError,
  TOPOLOGY_KEY,
} from "@holdfast/process";
import { MemoryRegistry } from "@holdfast/process/testing";
import { encodeTopology } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { Membership, NodeIdInUseError } from "./membership.js";
import { TopologyWatch } from "./topology-watch.js";

const ME = "11111111-0000-0000-0000-000000000000";
const OTHER = "22222222-0000-0000-0000-000000000000";
const ADDRESSES = { data: "me:1", peer: "me:2", http: "me:3" };
const CLUSTER: ClusterConfig = {
  clusterId: "c1",
  formatVersion: FORMAT_VERSION,
  partitions: 2,
  hashAlgorithm: HASH_ALGORITHM,
  hashSeed: 1,
};

/** Each has a token of its own, as each publish has. */
function topology(epoch: number, state: "active" | "dead" = "active"): Topology {
  const member = {
    incarnation: ME,
    nodeId: "n1",
    addresses: ADDRESSES,
    zone: "",
    weight: 1,
    state,
    ended: false,
  };
  return { epoch, writeToken: `${epoch}`, members: [member], partitions: [] };
}

async function createMember(incarnation = ME, provenDead?: string) {
  const clock = new FakeClock();
  const registry = new MemoryRegistry(clock);
  await registry.put(CONFIG_KEY, encodeRecord(CLUSTER));
  await registry.put(TOPOLOGY_KEY, encodeTopology(topology(5)));
  const lease = new LeaseKeeper({ registry, clock, logger: silentLogger, ttlMs: 3_000 });
  const watch = new TopologyWatch(registry, clock, silentLogger, CLUSTER);
  watch.start();
  await settle();
  const membership = new Membership(
    {
      registry,
      cluster: CLUSTER,
      lease,
      topology: watch,
      clock,
      logger: silentLogger,
      provenDead,
      predecessorWaitMs: 1_000,
    },
    {
      nodeId: "n1",
      incarnation,
      addresses: ADDRESSES,
      zone: "",
      weight: 1,
      state: "active",
      protocolMin: 1,
      protocolMax: 1,
      journalIncarnations: [],
    },
  );
  const stored = async () => {
    const entry = await registry.get("members/n1");
    return entry && decodeMember(entry.value);
  };
  /** The registry ends the lease behind the node's back, and the node hears of it. */
  const loseLease = async () => {
    const { leaseId } = lease;
    if (leaseId === undefined) throw new Error("no lease is held");
    await registry.revokeLease(leaseId);
    await clock.advanceAsync(1_500);
  };
  return { clock, registry, lease, watch, membership, stored, loseLease };
}

describe("Membership", () => {
  it("puts the record under the lease, and is safe from then on", async () => {
    const { membership, stored, lease } = await createMember();
    expect(membership.safeUntilMs).toBe(Number.NEGATIVE_INFINITY);
    await membership.register();
    expect(await stored()).toMatchObject({ incarnation: ME, state: "active" });
    expect(membership.safeUntilMs).toBe(lease.safeUntilMs);
  });

  it("is not safe under a new lease before its record is back", async () => {
    const { membership, lease, loseLease, registry } = await createMember();
    await membership.register();
    await loseLease();
    expect(membership.safeUntilMs).toBe(Number.NEGATIVE_INFINITY);
    // Somebody publishes before the node has read it: it must not return by what it knows.
    registry.setSilent(true);
    await registry.put(TOPOLOGY_KEY, encodeTopology(topology(6, "dead")));
    await expect(membership.reregister()).rejects.toBeInstanceOf(RegistryUnavailableError);
    expect(lease.safeUntilMs).toBeGreaterThan(0);
    expect(membership.safeUntilMs).toBe(Number.NEGATIVE_INFINITY);
    registry.setSilent(false);
    await settle();
    expect(await membership.reregister()).toBe(false);
    expect(membership.safeUntilMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it("returns as the same incarnation while the topology lists it", async () => {
    const { membership, lease, loseLease, stored } = await createMember();
    await membership.register();
    await loseLease();
    expect(await stored()).toBeUndefined();
    expect(await membership.reregister()).toBe(true);
    expect(await stored()).toMatchObject({ incarnation: ME, topologyEpoch: 5 });
    expect(membership.safeUntilMs).toBe(lease.safeUntilMs);
  });

  it("looks again, and is not replaced, when something else was published meanwhile", async () => {
    const { membership, loseLease, registry } = await createMember();
    await membership.register();
    await loseLease();
    registry.beforeTransaction = async () => {
      registry.beforeTransaction = async () => {};
      await registry.put(TOPOLOGY_KEY, encodeTopology(topology(6)));
    };
    await expect(membership.reregister()).rejects.toBeInstanceOf(RegistryUnavailableError);
    await settle();
    expect(await membership.reregister()).toBe(true);
  });

  it("has been replaced when another incarnation is registered in its place", async () => {
    const { membership, loseLease, registry } = await createMember();
    await membership.register();
    await loseLease();
    await registry.put("members/n1", encodeRecord({ ...membership.record, incarnation: OTHER }));
    expect(await membership.reregister()).toBe(false);
  });

  it("returns to a registry that was emptied, and serves by a later topology only", async () => {
    const { membership, loseLease, registry, stored, lease } = await createMember();
    await membership.register();
    await loseLease();
    registry.wipe();
    await expect(membership.reregister()).rejects.toBeInstanceOf(RegistryUnavailableError);
    await registry.put(CONFIG_KEY, encodeRecord(CLUSTER));
    expect(await membership.reregister()).toBe(true);
    expect(await stored()).toMatchObject({ incarnation: ME, topologyEpoch: 5 });
    expect(membership.safeUntilMs).toBe(Number.NEGATIVE_INFINITY);
    await registry.put(TOPOLOGY_KEY, encodeTopology(topology(6)));
    await settle();
    expect(membership.safeUntilMs).toBe(lease.safeUntilMs);
  });

  it("does not join another cluster that took the registry over", async () => {
    const { membership, loseLease, registry } = await createMember();
    await membership.register();
    await loseLease();
    await registry.put(CONFIG_KEY, encodeRecord({ ...CLUSTER, clusterId: "c2" }));
    await expect(membership.reregister()).rejects.toBeInstanceOf(IncompatibleClusterError);
  });

  it("says that its id is in use when the other one does not go away", async () => {
    const { clock, membership, registry } = await createMember();
    await registry.put("members/n1", encodeRecord({ ...membership.record, incarnation: OTHER }));
    const registered = membership.register().catch((error: unknown) => error);
    for (let i = 0; i < 20; i++) await clock.advanceAsync(100, 1);
    const error = await registered;
    expect(error).toBeInstanceOf(NodeIdInUseError);
    expect((error as Error).message).toMatch(/^node id in use: .* at me:1 .*"n1"/);
  });

  it("takes the place of a predecessor at once whose journal it holds", async () => {
    const { membership, registry, stored } = await createMember(ME, OTHER);
    await registry.put("members/n1", encodeRecord({ ...membership.record, incarnation: OTHER }));
    await membership.register();
    expect(await stored()).toMatchObject({ incarnation: ME });
  });

  it("takes nobody's place but the one's whose journal it holds", async () => {
    const { clock, membership, registry, stored } = await createMember(ME, "somebody-else");
    await registry.put("members/n1", encodeRecord({ ...membership.record, incarnation: OTHER }));
    const registered = membership.register().catch((error: unknown) => error);
    for (let i = 0; i < 20; i++) await clock.advanceAsync(100, 1);
    expect(await registered).toBeInstanceOf(NodeIdInUseError);
    expect(await stored()).toMatchObject({ incarnation: OTHER });
  });

  it("writes a change again when the answer to an earlier one was lost", async () => {
    const { membership, registry, stored } = await createMember();
    await membership.register();
    registry.loseNextAnswer();
    await expect(membership.update(6)).rejects.toBeInstanceOf(RegistryUnavailableError);
    membership.amend({ state: "draining" });
    await membership.update(6).catch(() => membership.update(6));
    expect(await stored()).toMatchObject({ state: "draining", topologyEpoch: 6 });
  });
});
