import type { Partition } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { ClusterModel, facts, incarnationOf, nameOf, record } from "../testing/cluster-model.js";

const a = incarnationOf("a");
const b = incarnationOf("b");
const c = incarnationOf("c");
const [A, B, C] = [record("a"), record("b"), record("c")];

/** Three nodes, and a look at the first partition. */
function modelOf(options: { readonly backups?: number; readonly inSync?: boolean } = {}) {
  const model = new ClusterModel({ partitions: 2, backups: options.backups ?? 1 });
  model.settle(facts([A, B, C]));
  const owned = 0;
  const partition = () => model.topology.partitions[owned] as Partition;
  const owner = partition().owner as string;
  const backup = partition().backups[0] as string;
  const proposal = (member: string, epoch = model.topology.epoch) => ({
    incarnation: partition().owner as string,
    epoch,
    changes: [{ partition: owned, term: partition().term, member }],
  });
  if (options.inSync !== false) {
    model.step(facts([A, B, C], { proposals: partition().backups.map((each) => proposal(each)) }));
  }
  const registered = (...gone: string[]) =>
    [A, B, C].filter(({ incarnation }) => !gone.includes(incarnation));
  return { model, partition, owner, backup, proposal, registered };
}

describe("in-sync sets", () => {
  it("begin empty, with the planned backups, and grow as the owner proposes", () => {
    const { model, partition, backup, proposal } = modelOf({ inSync: false });
    expect(partition()).toMatchObject({ backups: [backup], inSync: [], changedEpoch: 0 });
    model.step(facts([A, B, C], { proposals: [proposal(backup)] }));
    expect(partition()).toMatchObject({ inSync: [backup], changedEpoch: model.topology.epoch });
  });

  it("take nobody who is no backup", () => {
    const { model, partition, owner, backup, proposal } = modelOf({ inSync: false });
    const stranger = [a, b, c].find((each) => each !== owner && each !== backup) as string;
    model.step(facts([A, B, C], { proposals: [proposal(stranger), proposal(owner)] }));
    expect(partition().inSync).toEqual([]);
  });

  it("ignore a proposal that names an epoch before the last change", () => {
    const { model, partition, backup, proposal } = modelOf();
    const late = proposal(backup, model.topology.epoch - 1);
    model.step(facts([A, B, C], { removals: [proposal(backup)] }));
    expect(partition().inSync).toEqual([]);
    expect(model.step(facts([A, B, C], { proposals: [late] })).changed).toBe(false);
  });

  it("ignore a proposal of another term", () => {
    const { model, backup, proposal } = modelOf({ inSync: false });
    const { changes, ...rest } = proposal(backup);
    const others = changes.map((change) => ({ ...change, term: change.term + 1 }));
    const step = model.step(facts([A, B, C], { proposals: [{ ...rest, changes: others }] }));
    expect(step.changed).toBe(false);
  });

  it("lose a member that the owner asks to be removed, at once", () => {
    const { model, partition, backup, proposal } = modelOf();
    const step = model.step(facts([A, B, C], { removals: [proposal(backup)] }));
    expect(step.urgent).toBe(true);
    expect(partition()).toMatchObject({ backups: [backup], inSync: [] });
  });

  it("are published anew for a removal that changes nothing, so that it ends earlier proposals", () => {
    const { model, partition, backup, proposal } = modelOf({ inSync: false });
    const early = proposal(backup);
    const step = model.step(facts([A, B, C], { removals: [proposal(backup)] }));
    expect(step.changed).toBe(true);
    expect(partition().changedEpoch).toBe(model.topology.epoch);
    expect(model.step(facts([A, B, C], { proposals: [early] })).changed).toBe(false);
  });

  it("take nobody in whose removal is asked for at the same time", () => {
    const { model, partition, backup, proposal } = modelOf({ inSync: false });
    const asked = { proposals: [proposal(backup)], removals: [proposal(backup)] };
    model.step(facts([A, B, C], asked));
    expect(partition().inSync).toEqual([]);
  });

  it("lose the dead, and the plan puts another in their place", () => {
    const { model, partition, backup, registered } = modelOf();
    const dead = new Set([backup]);
    const step = model.step(facts(registered(backup), { dead }));
    expect(step.urgent).toBe(true);
    expect(partition().inSync).toEqual([]);
    expect(partition().backups).toHaveLength(1);
    expect(partition().backups).not.toContain(backup);
  });

  it("are left alone while the owner is absent", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const before = partition();
    model.step(
      facts(registered(owner, backup), { dead: new Set([backup]), absent: new Set([owner]) }),
    );
    expect(partition()).toEqual(before);
  });

  it("keep a member that is to be replaced until its successor is in sync", () => {
    const { model, partition, backup, proposal } = modelOf();
    const draining = [A, B, C].map((each) =>
      each.incarnation === backup ? { ...each, state: "draining" as const } : each,
    );
    model.settle(facts(draining));
    const next = partition().backups.find((each) => each !== backup) as string;
    expect(partition()).toMatchObject({ backups: [backup, next], inSync: [backup] });
    model.step(facts(draining, { proposals: [proposal(next)] }));
    expect(partition()).toMatchObject({ backups: [next], inSync: [next] });
  });
});

describe("failover", () => {
  it("promotes a member in sync, whatever the plan says", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const { term } = partition();
    model.step(facts(registered(owner), { dead: new Set([owner]) }));
    expect(partition()).toMatchObject({
      owner: backup,
      term: term + 1,
      planned: false,
      heldBack: false,
      unfenced: [owner],
      mayServe: [owner],
      inSync: [],
    });
  });

  it("keeps in mind who may still serve, until the new owner proposes somebody", () => {
    const { model, partition, owner, backup, proposal, registered } = modelOf();
    const left = facts(registered(owner), { dead: new Set([owner]) });
    model.settle(left);
    expect(partition()).toMatchObject({ owner: backup, mayServe: [owner] });
    const next = partition().backups[0] as string;
    model.step({ ...left, proposals: [proposal(next)] });
    expect(partition()).toMatchObject({ inSync: [next], mayServe: [] });
  });

  it("holds back the next owner when a promoted one dies before it proposed anybody", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    model.step(facts(registered(owner), { dead: new Set([owner]) }));
    const dead = new Set([owner, backup]);
    model.step(facts(registered(owner, backup), { dead, ended: new Set([backup]) }));
    expect(partition()).toMatchObject({ heldBack: true, mayServe: [owner] });
  });

  it("waits while the fate of everyone in sync is open", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const open = facts(registered(owner, backup), {
      dead: new Set([owner]),
      absent: new Set([backup]),
    });
    model.step(open);
    expect(nameOf(partition().owner)).toBe(nameOf(owner));
    model.step(facts(registered(owner), { dead: new Set([owner]) }));
    expect(partition().owner).toBe(backup);
  });

  it("holds back whoever gets the partition when owner and backup vanished together", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const dead = new Set([owner, backup]);
    model.step(facts(registered(owner, backup), { dead }));
    expect(partition()).toMatchObject({ heldBack: true, mayServe: [owner] });
    // Their processes are found to have exited.
    model.step(facts(registered(owner, backup), { dead, ended: dead }));
    expect(partition()).toMatchObject({ heldBack: false, mayServe: [] });
  });

  it("holds nobody back when both are known to have exited", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const dead = new Set([owner, backup]);
    model.step(facts(registered(owner, backup), { dead, ended: dead }));
    expect(partition().heldBack).toBe(false);
  });

  it("holds nobody back when the owner never had a backup in sync", () => {
    const { model, partition, owner, registered } = modelOf({ inSync: false });
    model.step(facts(registered(owner), { dead: new Set([owner]) }));
    expect(partition().heldBack).toBe(false);
  });

  it.each([
    { read: 0, heldBack: true },
    { read: 1, heldBack: false },
  ])(
    "depends on whether the owner had read that it has no backup ($read)",
    ({ read, heldBack }) => {
      const { model, partition, owner, backup, proposal, registered } = modelOf();
      model.step(facts([A, B, C], { removals: [proposal(backup)] }));
      const reported = new Map([[owner, partition().changedEpoch - 1 + read]]);
      model.step(facts(registered(owner), { dead: new Set([owner]), reported }));
      expect(partition().heldBack).toBe(heldBack);
    },
  );

  it("goes on holding back when whoever was held back dies as well", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const dead = new Set([owner, backup]);
    model.step(facts(registered(owner, backup), { dead }));
    const third = partition().owner as string;
    const all = new Set([...dead, third]);
    model.step(facts([], { dead: all, ended: new Set([third]) }));
    expect(partition()).toMatchObject({ heldBack: true, mayServe: [owner] });
  });

  it("remembers whose journals have what was acknowledged, until one of them was brought back", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const dead = new Set([owner, backup]);
    const left = facts(registered(owner, backup), { dead });
    model.step(left);
    expect(partition().recoverFrom).toEqual([owner, backup]);
    const step = model.step({ ...left, recovered: new Set([backup]) });
    expect(step.urgent).toBe(true);
    expect(partition().recoverFrom).toEqual([]);
  });

  it("goes on remembering them through later owners", () => {
    const { model, partition, owner, backup, proposal, registered } = modelOf();
    const dead = new Set([owner, backup]);
    model.step(facts(registered(owner, backup), { dead, ended: dead }));
    const third = partition().owner as string;
    const back = [...registered(owner, backup), record("d")];
    model.settle(facts(back, { dead, ended: dead }));
    model.step(facts(back, { dead, ended: dead, proposals: [proposal(incarnationOf("d"))] }));
    const all = new Set([...dead, third]);
    model.step(facts([record("d")], { dead: all, ended: all }));
    expect(partition()).toMatchObject({
      owner: incarnationOf("d"),
      recoverFrom: [owner, backup],
    });
  });

  it("waits for them only so long", () => {
    const { model, partition, owner, backup, registered } = modelOf();
    const left = facts(registered(owner, backup), { dead: new Set([owner, backup]) });
    model.step(left);
    model.step({ ...left, recoveryOver: new Set([0]) });
    expect(partition().recoverFrom).toEqual([]);
  });

  it("waits for no journal where somebody was in sync", () => {
    const { model, partition, owner, registered } = modelOf();
    model.step(facts(registered(owner), { dead: new Set([owner]) }));
    expect(partition().recoverFrom).toEqual([]);
  });
});
