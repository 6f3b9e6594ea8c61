import { CacheError, HASH_ALGORITHM, silentLogger } from "@holdfast/core";
import { FakeClock, seededRandom } from "@holdfast/core/testing";
import type { TopologyView__Output } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import type { StreamHandlers, Wire } from "../transport/wire.js";
import { TopologyFollower } from "./topology-follower.js";

interface Watch {
  readonly address: string;
  readonly handlers: StreamHandlers<TopologyView__Output>;
  isClosed: boolean;
}

interface ViewOptions {
  readonly clusterId?: string;
  readonly members?: readonly string[];
  readonly coordinator?: string;
  readonly hashAlgorithm?: string;
}

function viewOf(epoch: number, options: ViewOptions = {}): TopologyView__Output {
  const { clusterId = "x", members = [], hashAlgorithm = HASH_ALGORITHM } = options;
  const partition = {
    owner: 0,
    term: 1,
    planned: false,
    changedEpoch: 0,
    heldBack: false,
    mayServe: [],
    backups: [],
    inSync: [],
    recoverFrom: [],
    unfenced: [],
  };
  return {
    config: { clusterId, formatVersion: 1, partitions: 2, hashAlgorithm, hashSeed: 1 },
    topology: {
      epoch,
      writeToken: "",
      members: [...members, "last:1"].map((address) => ({
        nodeId: address,
        incarnation: address,
        addresses: { data: address, peer: "", http: "" },
        zone: "",
        weight: 1,
        state: "ACTIVE",
        ended: false,
      })),
      partitions: [partition, partition],
    },
    coordinatorAddress: options.coordinator ?? "",
  };
}

function createFollower(seeds: readonly string[], clusterId?: string) {
  const clock = new FakeClock();
  const watches: Watch[] = [];
  // Only watches are opened by a follower.
  const wire = {
    watchTopology(address: string, handlers: StreamHandlers<TopologyView__Output>) {
      const watch: Watch = { address, handlers, isClosed: false };
      watches.push(watch);
      return {
        close: () => {
          watch.isClosed = true;
        },
      };
    },
  } as unknown as Wire;
  const random = seededRandom(3);
  const follower = new TopologyFollower(wire, { seeds, clusterId }, clock, random, silentLogger);
  const epochs: number[] = [];
  const fatal: string[] = [];
  follower.onChange(({ topology }) => epochs.push(topology.epoch));
  follower.start((error) => fatal.push(error.message));
  const current = (): Watch => {
    const open = watches.filter(({ isClosed }) => !isClosed);
    expect(open.length).toBeLessThanOrEqual(1);
    const [only] = open;
    if (only === undefined) throw new Error("no watch is open");
    return only;
  };
  const fail = () => {
    const watch = current();
    watch.isClosed = true;
    watch.handlers.ended(new CacheError("UNAVAILABLE", "refused"));
  };
  return { clock, follower, watches, epochs, fatal, current, fail };
}

describe("TopologyFollower", () => {
  it("tries every seed until one brings a view", () => {
    const { fail, current, follower, watches } = createFollower(["a:1", "b:1", "c:1"]);
    fail();
    fail();
    current().handlers.message(viewOf(4));
    expect(follower.view?.topology.epoch).toBe(4);
    expect(watches.map(({ address }) => address).sort()).toEqual(["a:1", "b:1", "c:1"]);
  });

  it("leaves an address that brings no view within a second", () => {
    const { clock, watches } = createFollower(["a:1", "b:1"]);
    clock.advance(999);
    expect(watches).toHaveLength(1);
    clock.advance(1);
    expect(watches).toHaveLength(2);
    expect(watches[0]?.isClosed).toBe(true);
  });

  it("rests between rounds, longer each time, at most a second", () => {
    const { clock, watches, fail } = createFollower(["a:1"]);
    const rests: number[] = [];
    for (let round = 0; round < 8; round++) {
      fail();
      const before = clock.monotonic();
      const count = watches.length;
      while (watches.length === count) clock.advance(5);
      rests.push(clock.monotonic() - before);
    }
    expect(rests[0]).toBeLessThanOrEqual(50);
    expect(rests.at(-1)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...rests)).toBeLessThanOrEqual(1_000);
  });

  it("never goes back to a lower epoch, at the same address or at another", () => {
    const { current, epochs, fail, follower, clock } = createFollower(["a:1"]);
    current().handlers.message(viewOf(7));
    current().handlers.message(viewOf(6));
    current().handlers.message(viewOf(7));
    fail();
    clock.advance(1_000);
    current().handlers.message(viewOf(3));
    expect(follower.view?.topology.epoch).toBe(7);
    current().handlers.message(viewOf(8));
    expect(epochs).toEqual([7, 8]);
  });

  it("goes on through members, the coordinator or seeds, whichever is left", () => {
    const options = { members: ["m:1", "n:1"], coordinator: "coordinator:1" };
    const { clock, current, fail, watches } = createFollower(["a:1"]);
    current().handlers.message(viewOf(1, options));
    clock.advance(10_000);
    const before = watches.length;
    fail();
    for (let next = 0; next < 4; next++) fail();
    expect(
      watches
        .slice(before)
        .map(({ address }) => address)
        .sort(),
    ).toEqual(["a:1", "coordinator:1", "last:1", "m:1", "n:1"]);
  });

  it("leaves an address that does not bring an epoch named by a node", () => {
    const { clock, current, follower } = createFollower(["a:1", "b:1"]);
    current().handlers.message(viewOf(5));
    const lagging = current();
    follower.expect(5);
    clock.advance(2_000);
    expect(lagging.isClosed).toBe(false);
    follower.expect(6);
    clock.advance(999);
    expect(lagging.isClosed).toBe(false);
    clock.advance(1);
    expect(lagging.isClosed).toBe(true);
    expect(current().address).not.toBe(lagging.address);
  });

  it("stays when the named epoch arrives in time", () => {
    const { clock, current, follower, watches } = createFollower(["a:1", "b:1"]);
    current().handlers.message(viewOf(5));
    follower.expect(6);
    current().handlers.message(viewOf(6));
    clock.advance(5_000);
    expect(watches).toHaveLength(1);
  });

  it("leaves an address that is suspected, and only that one", () => {
    const { current, follower, watches } = createFollower(["a:1", "b:1"]);
    current().handlers.message(viewOf(5));
    follower.suspect("elsewhere:1");
    expect(watches).toHaveLength(1);
    follower.suspect(current().address);
    expect(watches).toHaveLength(2);
  });

  it("leaves an address whose news are doubted, every two seconds at most", () => {
    const options = { members: ["m:1", "n:1"] };
    const { clock, current, follower, watches } = createFollower(["a:1", "b:1"]);
    current().handlers.message(viewOf(5, options));
    const tried = [current().address];
    for (let second = 1; second <= 4; second++) {
      clock.advance(1_000);
      follower.doubt();
      if (second % 2 === 1) continue;
      current().handlers.message(viewOf(5, options));
      tried.push(current().address);
    }
    expect(watches).toHaveLength(3);
    expect(new Set(tried).size).toBe(3);
  });

  it("comes back to an address that it has left after all others", () => {
    const { clock, current, fail, follower, watches } = createFollower(["a:1", "b:1", "c:1"]);
    current().handlers.message(viewOf(5));
    const left = current().address;
    clock.advance(60_000);
    follower.doubt();
    for (let next = 0; next < 3; next++) fail();
    expect(watches.at(-1)?.address).toBe(left);
    expect(watches.filter(({ address }) => address === left)).toHaveLength(2);
  });

  it("takes no notice of a node that has no topology yet", () => {
    const { current, epochs, fatal } = createFollower(["a:1"]);
    current().handlers.message({ config: null, topology: null, coordinatorAddress: "" });
    expect(epochs).toEqual([]);
    expect(fatal).toEqual([]);
  });

  it("reports another cluster than the one asked for", () => {
    const { current, fatal, follower } = createFollower(["a:1"], "mine");
    current().handlers.message(viewOf(1, { clusterId: "yours" }));
    expect(fatal).toEqual(['a:1: this is cluster "yours", not "mine"']);
    expect(follower.view).toBeUndefined();
  });

  it("passes over another cluster once it follows one", () => {
    const { clock, current, fail, fatal, follower } = createFollower(["a:1"]);
    current().handlers.message(viewOf(5));
    fail();
    clock.advance(1_000);
    current().handlers.message(viewOf(9, { clusterId: "yours" }));
    expect(fatal).toEqual([]);
    expect(follower.view?.topology.epoch).toBe(5);
  });

  it("refuses a cluster that places keys in a way that it does not know", () => {
    const { current, fatal } = createFollower(["a:1"]);
    current().handlers.message(viewOf(1, { hashAlgorithm: "xxh3" }));
    expect(fatal).toEqual(["a:1: the cluster places keys by xxh3; use a newer client"]);
  });

  it("ends its watch and its timers when stopped", () => {
    const { clock, current, follower, watches } = createFollower(["a:1"]);
    current().handlers.message(viewOf(5));
    follower.expect(9);
    follower.stop();
    expect(clock.pendingTimers).toBe(0);
    expect(watches.every(({ isClosed }) => isClosed)).toBe(true);
    follower.expect(10);
    expect(clock.pendingTimers).toBe(0);
  });
});
