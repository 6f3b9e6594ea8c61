import { type Incarnation, NotOwnerError, type Partition, type Topology } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Ownership, PartitionMovingError } from "./ownership.js";
import { RightToServe } from "./right-to-serve.js";

const ME = "11111111-0000-0000-0000-000000000000";
const OTHER = "22222222-0000-0000-0000-000000000000";

function member(incarnation: Incarnation, state: "active" | "dead" = "active") {
  const addresses = { data: `${incarnation[0]}:1`, peer: "", http: "" };
  return { incarnation, nodeId: `node-${incarnation[0]}`, addresses, zone: "", weight: 1, state };
}

function partition(owner: Incarnation, term: number, extra: Partial<Partition> = {}): Partition {
  return {
    owner,
    term,
    planned: false,
    backups: [],
    inSync: [],
    moveTo: undefined,
    recoverFrom: [],
    unfenced: [],
    ...extra,
  };
}

function topology(epoch: number, partitions: Partition[], members = [member(ME), member(OTHER)]) {
  return { epoch, writeToken: "", members, partitions } satisfies Topology;
}

function createOwnership() {
  const clock = new FakeClock();
  const lease = { safeUntilMs: 1_000 };
  const reads = { readAtMs: 0 };
  const ended: number[] = [];
  const deposed: number[] = [];
  const ownership: Ownership = new Ownership(
    ME,
    new RightToServe(lease, reads, clock, 500),
    clock,
    {
      ended: (tenure) => ended.push(tenure.partition),
      deposed: () => deposed.push(ownership.epoch),
    },
  );
  return { clock, lease, reads, ownership, ended, deposed };
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
