import { describe, expect, it } from "vitest";
import { ClusterModel, facts, incarnationOf, nameOf, record } from "../testing/cluster-model.js";

const set = (...names: string[]) => new Set(names.map(incarnationOf));

function clusterOf(...names: string[]): ClusterModel {
  const model = new ClusterModel();
  model.settle(facts(names.map((name) => record(name))));
  return model;
}

describe("reconcile: joining", () => {
  it("gives everything to the first members, at term 1 and unplanned", () => {
    const model = new ClusterModel();
    const step = model.step(facts([record("a"), record("b")]));
    expect(step).toMatchObject({ changed: true, urgent: true, died: [] });
    expect(model.counts()).toEqual({ a: 8, b: 8 });
    for (const partition of model.topology.partitions) {
      expect(partition).toMatchObject({ term: 1, planned: false, unfenced: [] });
    }
  });

  it("changes nothing when nothing happened", () => {
    const model = clusterOf("a", "b");
    expect(model.step(facts([record("b"), record("a")])).changed).toBe(false);
  });

  it("publishes nothing while there are no members", () => {
    expect(new ClusterModel().step(facts([])).changed).toBe(false);
  });

  it("lists a newcomer and begins to move its share, which waits for the owners", () => {
    const model = clusterOf("a", "b", "c");
    const step = model.step(facts(["a", "b", "c", "d"].map((name) => record(name))));
    expect(step).toMatchObject({ changed: true, urgent: false });
    expect(model.members()).toContain("d active");
    expect(model.counts()).not.toHaveProperty("d");
    expect(model.moving().size).toBe(4);
  });

  it("begins no more moves than are allowed at once", () => {
    const model = new ClusterModel({ partitions: 64, moveBatch: 5 });
    model.settle(facts([record("a")]));
    const two = [record("a"), record("b")];
    model.step(facts(two));
    expect(model.moving().size).toBe(5);
    model.synchronise(facts(two));
    // What was released makes room for others in the same step.
    model.step(facts(two, { released: model.moving() }));
    expect(model.counts()).toEqual({ a: 59, b: 5 });
    expect(model.moving().size).toBe(5);
    model.settle(facts(two));
    expect(model.counts()).toEqual({ a: 32, b: 32 });
  });

  it("begins no move of a partition that rests", () => {
    const model = clusterOf("a");
    const resting = new Set(Array.from({ length: 16 }, (_, number) => number));
    model.step(facts([record("a"), record("b")], { resting }));
    expect(model.members()).toContain("b active");
    expect(model.moving().size).toBe(0);
  });

  it("takes over a member's new address, zone, weight and state", () => {
    const model = clusterOf("a");
    const addresses = { data: "x:1", peer: "x:2", http: "x:3" };
    model.step(facts([record("a", { addresses, zone: "z", weight: 3, state: "draining" })]));
    expect(model.topology.members).toMatchObject([
      { addresses, zone: "z", weight: 3, state: "draining" },
    ]);
  });
});

describe("reconcile: planned moves", () => {
  it("hand over what was released, one term later, and fence nobody", () => {
    const model = clusterOf("a");
    const two = facts([record("a"), record("b")]);
    model.step(two);
    model.synchronise(two);
    const [number = -1] = model.moving().keys();
    const step = model.step({ ...two, released: new Map([[number, 1]]) });
    expect(step.urgent).toBe(true);
    expect(model.topology.partitions[number]).toMatchObject({
      owner: incarnationOf("b"),
      term: 2,
      planned: true,
      moveTo: undefined,
      unfenced: [],
    });
    expect(model.counts()).toEqual({ a: 15, b: 1 });
  });

  it("do not happen before the target is in sync, whatever the owner says", () => {
    const model = clusterOf("a");
    const two = facts([record("a"), record("b")]);
    model.step(two);
    model.step({ ...two, released: model.moving() });
    expect(model.counts()).toEqual({ a: 16 });
  });

  it("do not happen when the owner has just found that the target lacks something", () => {
    const model = clusterOf("a");
    const two = facts([record("a"), record("b")]);
    model.step(two);
    model.synchronise(two);
    const [partition = -1] = model.moving().keys();
    const member = incarnationOf("b");
    const removals = [
      { incarnation: incarnationOf("a"), changes: [{ partition, term: 1, member }] },
    ];
    model.step({ ...two, removals, released: new Map([[partition, 1]]) });
    expect(model.topology.partitions[partition]).toMatchObject({
      owner: incarnationOf("a"),
      inSync: [],
    });
  });

  it("make a backup in sync of the owner before, for as long as the plan has no better one", () => {
    const model = new ClusterModel({ backups: 1 });
    model.settle(facts([record("a")]));
    const two = facts([record("a"), record("b")]);
    model.step(two);
    model.synchronise(two);
    model.step({ ...two, released: model.moving() });
    expect(model.counts()).toEqual({ a: 8, b: 8 });
    for (const { owner, backups, inSync } of model.topology.partitions) {
      if (nameOf(owner) !== "b") continue;
      expect([backups, inSync].map((each) => each.map(nameOf))).toEqual([["a"], ["a"]]);
    }
  });

  it("do not happen for a release of another term", () => {
    const model = clusterOf("a");
    const two = facts([record("a"), record("b")]);
    model.step(two);
    model.synchronise(two);
    const released = new Map([...model.moving().keys()].map((number) => [number, 7]));
    model.step({ ...two, released });
    expect(model.counts()).toEqual({ a: 16 });
  });

  it("carry the unfenced along", () => {
    const model = clusterOf("a", "b");
    const alone = facts([record("b")]);
    model.settle({ ...alone, dead: set("a") });
    model.settle(facts([record("b"), record("c")]));
    const moved = model.topology.partitions.filter(({ owner }) => nameOf(owner) === "c");
    expect(moved).toHaveLength(8);
    const unfenced = model.topology.partitions.flatMap((partition) => partition.unfenced);
    expect(unfenced.map(nameOf)).toEqual(new Array(8).fill("a"));
  });

  it("are taken back when the target dies, which the waiting owner must learn at once", () => {
    const model = clusterOf("a");
    model.step(facts([record("a"), record("b")]));
    model.synchronise(facts([record("a"), record("b")]));
    const released = model.moving();
    const step = model.step(facts([record("a")], { dead: set("b"), released }));
    expect(step).toMatchObject({ changed: true, urgent: true });
    expect(model.moving().size).toBe(0);
    expect(model.counts()).toEqual({ a: 16 });
    // It never owned anything, so nobody has to remember it.
    expect(model.members()).toEqual(["a active"]);
  });

  it("become a failover when the source dies", () => {
    const model = clusterOf("a");
    model.step(facts([record("a"), record("b")]));
    const step = model.step(facts([record("b")], { dead: set("a") }));
    expect(step.died.map(nameOf)).toEqual(["a"]);
    expect(model.counts()).toEqual({ b: 16 });
    for (const partition of model.topology.partitions) {
      expect(partition).toMatchObject({ term: 2, planned: false, moveTo: undefined });
      expect(partition.unfenced.map(nameOf)).toEqual(["a"]);
    }
  });

  it("go on to the same places while other members come", () => {
    const model = clusterOf("a");
    model.step(facts([record("a"), record("b")]));
    const before = model.topology.partitions.map(({ moveTo }) => nameOf(moveTo));
    model.step(facts([record("a"), record("b"), record("c")]));
    const kept = model.topology.partitions.filter(
      ({ moveTo }, number) => moveTo !== undefined && nameOf(moveTo) === before[number],
    );
    // b keeps five or six of the eight that were on their way to it.
    expect(kept.length).toBeGreaterThanOrEqual(5);
  });

  it("empty a draining member and leave it listed", () => {
    const model = clusterOf("a", "b");
    model.settle(facts([record("a"), record("b", { state: "draining" })]));
    expect(model.counts()).toEqual({ a: 16 });
    expect(model.members()).toContain("b draining");
  });
});

describe("reconcile: deaths", () => {
  it("replace the owner one term later, unplanned, and remember it until it is fenced", () => {
    const model = clusterOf("a", "b", "c");
    const living = [record("b"), record("c")];
    const lost = [...model.topology.partitions.entries()].filter(
      ([, { owner }]) => nameOf(owner) === "a",
    );
    const step = model.step(facts(living, { dead: set("a") }));
    expect(step).toMatchObject({ changed: true, urgent: true });
    expect(step.died.map(nameOf)).toEqual(["a"]);
    expect(model.counts()).toEqual({ b: 8, c: 8 });
    for (const [number, { term }] of lost) {
      const partition = model.topology.partitions[number];
      expect(partition).toMatchObject({ term: term + 1, planned: false });
      expect(partition?.unfenced.map(nameOf)).toEqual(["a"]);
    }
    expect(model.members()).toContain("a dead");

    model.step(facts(living, { fenced: set("a"), recovered: set("a") }));
    expect(model.topology.partitions.flatMap(({ unfenced }) => unfenced)).toEqual([]);
    expect(model.members()).toEqual(["b active", "c active"]);
  });

  it("leave the partitions to nobody while there is nobody, and to whoever comes", () => {
    const model = clusterOf("a");
    model.step(facts([], { dead: set("a") }));
    expect(model.counts()).toEqual({ nobody: 16 });
    expect(model.members()).toEqual(["a dead"]);
    model.step(facts([record("a#2")]));
    expect(model.counts()).toEqual({ "a#2": 16 });
    for (const { term, unfenced, planned } of model.topology.partitions) {
      expect({ term, unfenced: unfenced.map(nameOf), planned }).toEqual({
        term: 2,
        unfenced: ["a"],
        planned: false,
      });
    }
  });

  it("count a new incarnation of the same node as another owner", () => {
    const model = clusterOf("a", "b");
    model.settle(facts([record("a#2"), record("b")], { dead: set("a") }));
    expect(model.counts()).toEqual({ "a#2": 8, b: 8 });
    expect(model.members()).toEqual(["a dead", "b active", "a#2 active"]);
  });

  it("are for ever: what was dead is given nothing, even if it is registered again", () => {
    const model = clusterOf("a", "b");
    model.settle(facts([record("b")], { dead: set("a") }));
    const both = [record("a"), record("b")];
    model.settle(facts(both));
    expect(model.counts()).toEqual({ b: 16 });
    // Nor once it is fenced and nobody else names it any more.
    model.settle(facts(both, { fenced: set("a"), recovered: set("a") }));
    expect(model.members()).toEqual(["a dead", "b active"]);
    expect(model.counts()).toEqual({ b: 16 });
    model.settle(facts([record("b")]));
    expect(model.members()).toEqual(["b active"]);
  });

  it("stay open while a member is only absent: nothing of it changes and nothing moves", () => {
    const model = clusterOf("a", "b");
    const before = model.topology.partitions;
    const absent = set("a");
    expect(model.step(facts([record("b")], { absent })).changed).toBe(false);
    model.step(facts([record("b"), record("c")], { absent }));
    expect(model.members()).toContain("c active");
    expect(model.topology.partitions).toEqual(before);
  });

  it("of an owner are dealt with while another one is absent", () => {
    const model = clusterOf("a", "b", "c");
    const ofA = model.counts().a;
    model.step(facts([record("c")], { absent: set("a"), dead: set("b") }));
    expect(model.counts()).toEqual({ a: ofA, c: 16 - (ofA ?? 0) });
  });
});

describe("reconcile: terms", () => {
  const request = { partition: 3, incarnation: incarnationOf("a"), term: 1, minTerm: 0 };

  it("grow by one for an owner that asks, which fences nobody", () => {
    const model = clusterOf("a");
    const step = model.step(facts([record("a")], { termRequests: [request] }));
    expect(step).toMatchObject({ changed: true, urgent: true });
    expect(model.topology.partitions[3]).toMatchObject({ term: 2, planned: true, unfenced: [] });
    expect(model.step(facts([record("a")], { termRequests: [request] })).changed).toBe(false);
  });

  it("reach at least what the owner needs", () => {
    const model = clusterOf("a");
    model.step(facts([record("a")], { termRequests: [{ ...request, minTerm: 40 }] }));
    expect(model.topology.partitions[3]?.term).toBe(40);
  });

  it("do not change for somebody who is not the owner", () => {
    const model = clusterOf("a");
    const other = { ...request, incarnation: incarnationOf("b") };
    expect(model.step(facts([record("a")], { termRequests: [other] })).changed).toBe(false);
  });

  it("start above the floor where terms may have been lost", () => {
    const model = new ClusterModel({ termFloor: 300 });
    model.step(facts([record("a")]));
    expect(model.topology.partitions.every(({ term }) => term === 300)).toBe(true);
  });

  it("end below 2^21", () => {
    const model = clusterOf("a");
    const termRequests = [{ ...request, minTerm: 2 ** 21 }];
    expect(() => model.step(facts([record("a")], { termRequests }))).toThrow(
      "term 2097152 is beyond the highest possible",
    );
  });
});
