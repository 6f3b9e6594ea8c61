import {
  type Incarnation,
  NotOwnerError,
  type Partition,
  type Topology,
  UNOWNED_PARTITION,
} from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { noPromises } from "../testing/no-backups.js";
import { Ownership, PartitionMovingError } from "./ownership.js";
import { RightToServe } from "./right-to-serve.js";

const ME = "11111111-0000-0000-0000-000000000000";
const OTHER = "22222222-0000-0000-0000-000000000000";

function member(incarnation: Incarnation, state: "active" | "dead" = "active") {
  const addresses = { data: `${incarnation[0]}:1`, peer: "", http: "" };
  return {
    incarnation,
    nodeId: `node-${incarnation[0]}`,
    addresses,
    zone: "",
    weight: 1,
    state,
    ended: false,
  };
}

function partition(owner: Incarnation, term: number, extra: Partial<Partition> = {}): Partition {
  return { ...UNOWNED_PARTITION, owner, term, ...extra };
}

function topology(epoch: number, partitions: Partition[], members = [member(ME), member(OTHER)]) {
  return { epoch, writeToken: "", members, partitions } satisfies Topology;
}

function createOwnership(promises: { until: (term: number) => number } = { until: () => 0 }) {
  const clock = new FakeClock();
  const lease = { safeUntilMs: 1_000 };
  const reads = { readAtMs: 0 };
  const ended: number[] = [];
  const handedOver: (Incarnation | undefined)[] = [];
  const deposed: number[] = [];
  const ownership: Ownership = new Ownership(
    ME,
    new RightToServe(lease, noPromises, reads, clock, 500),
    (_partition, term) => promises.until(term),
    clock,
    {
      ended: (tenure, shown) => {
        ended.push(tenure.partition);
        handedOver.push(shown?.owner);
      },
      deposed: () => deposed.push(ownership.epoch),
      begunAnew: () => {},
    },
  );
  return { clock, lease, reads, ownership, ended, handedOver, deposed };
}

describe("Ownership", () => {
  it("admits operations to the partitions that the topology gives this incarnation", () => {
    const { ownership } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1), partition(OTHER, 1)]));
    expect(ownership.admit(0).term).toBe(1);
    expect(() => ownership.admit(1)).toThrow(NotOwnerError);
  });

  it("names the owner to those who ask the wrong node", () => {
    const { ownership } = createOwnership();
    ownership.apply(topology(7, [partition(OTHER, 4)]));
    const error = errorOf(() => ownership.admit(0));
    expect(error).toBeInstanceOf(NotOwnerError);
    expect((error as NotOwnerError).hint).toEqual({
      epoch: 7,
      owner: { nodeId: "node-2", incarnation: OTHER, address: "2:1", term: 4 },
    });
  });

  it("serves nothing from the instant at which its lease is no longer certain", () => {
    const { ownership, clock, reads } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1)]));
    reads.readAtMs = 900;
    clock.advance(999);
    expect(ownership.admit(0)).toBeDefined();
    clock.advance(1);
    expect(() => ownership.admit(0)).toThrow(/cannot confirm/);
  });

  it("serves nothing when the topology has not been read for too long, whatever the lease", () => {
    const { ownership, clock, lease } = createOwnership();
    lease.safeUntilMs = Number.POSITIVE_INFINITY;
    ownership.apply(topology(1, [partition(ME, 1)]));
    clock.advance(500);
    expect(ownership.admit(0)).toBeDefined();
    clock.advance(1);
    expect(() => ownership.admit(0)).toThrow(/cannot confirm/);
  });

  it("ignores a topology that is not later than the one it knows", () => {
    const { ownership } = createOwnership();
    ownership.apply(topology(5, [partition(ME, 1)]));
    ownership.apply(topology(5, [partition(OTHER, 2)]));
    ownership.apply(topology(4, [partition(OTHER, 2)]));
    expect(ownership.admit(0).term).toBe(1);
  });

  it("takes the loss of a partition that it released for granted", () => {
    const { ownership, ended, deposed } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1, { moveTo: OTHER })]));
    const tenure = ownership.admit(0);
    ownership.beginRelease(tenure);
    ownership.finishRelease(tenure, 1);
    ownership.apply(topology(2, [partition(OTHER, 2, { planned: true })]));
    expect(ended).toEqual([0]);
    expect(deposed).toEqual([]);
  });

  it("hands over what it released also when the next owner has been replaced already", () => {
    const { ownership, handedOver, deposed } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1, { moveTo: OTHER })]));
    const tenure = ownership.admit(0);
    ownership.beginRelease(tenure);
    ownership.finishRelease(tenure, 1);
    const THIRD = "33333333-0000-0000-0000-000000000000";
    ownership.apply(topology(3, [partition(THIRD, 3)], [member(ME), member(THIRD)]));
    expect(handedOver).toEqual([THIRD]);
    expect(deposed).toEqual([]);
  });

  it("begins anew when it gets back what it released: another may have had it in between", () => {
    const { clock, ownership, handedOver } = createOwnership({ until: (term) => 50 * term });
    clock.advance(60);
    ownership.apply(topology(1, [partition(ME, 1, { moveTo: OTHER })]));
    const tenure = ownership.admit(0);
    ownership.beginRelease(tenure);
    ownership.finishRelease(tenure, 1);
    ownership.apply(topology(3, [partition(ME, 3)]));
    expect(handedOver).toEqual([ME]);
    expect(tenure.state.at).toBe("ended");
    // What it has promised the other holds.
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    clock.advance(100);
    expect(ownership.admit(0).term).toBe(3);
  });

  it("takes the loss of a partition that it serves for being deposed", () => {
    const { ownership, ended, deposed } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1)]));
    ownership.apply(topology(2, [partition(OTHER, 2)]));
    expect(ended).toEqual([0]);
    expect(deposed).toEqual([2]);
  });

  it("takes being listed as dead for being deposed, and owns nothing by that topology", () => {
    const { ownership, deposed } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1)], [member(ME, "dead")]));
    expect(deposed).toEqual([1]);
    expect(() => ownership.admit(0)).toThrow(NotOwnerError);
  });

  it("does not serve a released partition again under the epoch that asked for the release", () => {
    const { ownership } = createOwnership();
    ownership.apply(topology(3, [partition(ME, 1, { moveTo: OTHER })]));
    const tenure = ownership.admit(0);
    ownership.beginRelease(tenure);
    ownership.finishRelease(tenure, 3);
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    ownership.resume(tenure);
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    ownership.apply(topology(4, [partition(ME, 1)]));
    expect(ownership.admit(0)).toBe(tenure);
  });

  it("goes on under a higher term of the same owner, counting sequences from the start", () => {
    const { ownership } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1)]));
    const tenure = ownership.admit(0);
    tenure.nextVersion();
    ownership.apply(topology(2, [partition(ME, 9)]));
    expect(ownership.admit(0)).toBe(tenure);
    expect(tenure.nextVersion()).toBe(9 * 2 ** 32 + 1);
  });

  it("wakes operations that wait for a moving partition when it has a new owner", async () => {
    const { ownership } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1, { moveTo: OTHER })]));
    const tenure = ownership.admit(0);
    ownership.beginRelease(tenure);
    let isSettled = false;
    const settled = ownership.settled(0, 1_000).then(() => {
      isSettled = true;
    });
    await Promise.resolve();
    expect(isSettled).toBe(false);
    ownership.finishRelease(tenure, 1);
    await settled;
    expect(isSettled).toBe(true);
  });

  it("lets waiting operations go at their deadline", async () => {
    const { ownership, clock } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1, { moveTo: OTHER })]));
    ownership.beginRelease(ownership.admit(0));
    const settled = ownership.settled(0, 50);
    clock.advance(50);
    await settled;
    expect(clock.pendingTimers).toBe(0);
  });

  it("serves a partition only when its promise to the owner before has run out", async () => {
    const { ownership, clock, lease, reads } = createOwnership({ until: () => 300 });
    lease.safeUntilMs = reads.readAtMs = 10_000;
    ownership.apply(topology(1, [partition(ME, 2)]));
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    let isSettled = false;
    void ownership.settled(0, 1_000).then(() => {
      isSettled = true;
    });
    clock.advance(299);
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    clock.advance(1);
    expect(ownership.admit(0).term).toBe(2);
    await settle();
    expect(isSettled).toBe(true);
  });

  it("waits as long as anybody may serve without the registry where it is held back", () => {
    const { ownership, clock, lease, reads } = createOwnership();
    lease.safeUntilMs = reads.readAtMs = 10_000;
    ownership.apply(topology(1, [partition(ME, 2, { heldBack: true })]));
    // 500 ms, and what clocks may differ by.
    clock.advance(549);
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    clock.advance(1);
    expect(ownership.admit(0).term).toBe(2);
  });

  it("is held back no longer when those before it are found to have ended", () => {
    const { ownership, clock, lease, reads } = createOwnership({ until: () => 200 });
    lease.safeUntilMs = reads.readAtMs = 10_000;
    ownership.apply(topology(1, [partition(ME, 2, { heldBack: true })]));
    ownership.apply(topology(2, [partition(ME, 2)]));
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    clock.advance(200);
    expect(ownership.admit(0).term).toBe(2);
  });

  it("never serves under a term when it knows of a later one", () => {
    const until = (term: number) => (term <= 5 ? Number.POSITIVE_INFINITY : 0);
    const { ownership, clock, lease, reads } = createOwnership({ until });
    lease.safeUntilMs = reads.readAtMs = 10_000;
    ownership.apply(topology(1, [partition(ME, 5)]));
    clock.advance(9_000);
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    ownership.apply(topology(2, [partition(ME, 7)]));
    expect(ownership.admit(0).term).toBe(7);
  });

  it("owns nothing as a new incarnation until a topology names it", () => {
    const { ownership, ended } = createOwnership();
    ownership.apply(topology(1, [partition(ME, 1)]));
    const next = "33333333-0000-0000-0000-000000000000";
    ownership.becomeIncarnation(next);
    expect(ended).toEqual([0]);
    ownership.apply(topology(2, [partition(ME, 1)]));
    expect(() => ownership.admit(0)).toThrow(NotOwnerError);
    ownership.apply(topology(3, [partition(next, 2)], [member(next), member(OTHER)]));
    expect(ownership.admit(0).term).toBe(2);
  });
});

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
