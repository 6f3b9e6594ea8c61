import { type Partition, type Topology, UNOWNED_PARTITION } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { isSettled, ownedPartitions } from "./topology.js";

function topologyOf(owners: readonly (string | undefined)[], moveTo?: string): Topology {
  return {
    epoch: 1,
    writeToken: "t",
    members: [],
    partitions: owners.map(
      (owner, index): Partition => ({
        ...UNOWNED_PARTITION,
        owner,
        term: 1,
        moveTo: index === 0 ? moveTo : undefined,
      }),
    ),
  };
}

describe("a topology", () => {
  it("is settled when the nodes share the partitions evenly and nothing moves", () => {
    expect(isSettled(topologyOf(["a", "b", "a", "b"]), ["a", "b"])).toBe(true);
    expect(isSettled(topologyOf(["a", "b", "a", "b", "a"]), ["a", "b"])).toBe(true);
  });

  it.each([
    ["a partition has no owner", topologyOf(["a", undefined]), ["a"]],
    ["a partition moves", topologyOf(["a", "b"], "b"), ["a", "b"]],
    ["somebody else owns a partition", topologyOf(["a", "b"]), ["a"]],
    ["a node has nothing", topologyOf(["a", "a"]), ["a", "b"]],
    [
      "a node has two more than its share",
      topologyOf(["a", "a", "a", "a", "b", "b"]),
      ["a", "b", "c"],
    ],
    ["there are no nodes", topologyOf(["a"]), []],
  ])("is not settled when %s", (_, topology, nodes) => {
    expect(isSettled(topology, nodes)).toBe(false);
  });

  it("tells how many partitions each incarnation owns", () => {
    const owned = ownedPartitions(topologyOf(["a", "b", "a", undefined]));
    expect(Object.fromEntries(owned)).toEqual({ a: 2, b: 1 });
  });
});
