/**
 * Why tokens are all that is taken from the hash-ring package: its own lookup puts nearly every key
 * on one node, ours spreads them.
 */
import { encodeKey, partitionOf } from "@holdfast/core";
import HashRing from "hash-ring";
import { describe, expect, it } from "vitest";
import { planAssignment } from "./planner.js";
import { RingBuilder } from "./ring.js";

const KEYS = Array.from({ length: 100_000 }, (_, index) => `user:${index}`);

function nodeIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `node-${index + 1}`);
}

function countBy(names: Iterable<string | null>): Map<string | null, number> {
  const counts = new Map<string | null, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

describe("the hash-ring package", () => {
  it.each(["md5", "crc32"] as const)(
    "puts every key on one node of three with %s",
    (hashMethod) => {
      const ring = new HashRing(nodeIds(3), { hashMethod, replicas: 128 });
      const counts = countBy(KEYS.slice(0, 1_000).map((key) => ring.getNode(key)));
      expect([...counts.values()]).toEqual([1_000]);
    },
  );

  it("compares the key itself with the tokens, so that a key's first letter decides", () => {
    const ring = new HashRing(nodeIds(3), { hashMethod: "md5", replicas: 128 });
    const tokens = Object.keys(ring.rings).sort();
    // Every text that begins with a letter lies behind every text that begins with a digit or a
    // minus, whatever its hash is: all of them meet the first token of a text sort.
    for (const key of ["apple", "zebra", "user:1"]) {
      expect(ring.getNode(key)).toBe(ring.rings[tokens[0] ?? ""]);
    }
  });

  it("sorts its tokens as text, where 10 comes before 9", () => {
    const { rings } = new HashRing(nodeIds(3), { hashMethod: "crc32", replicas: 128 });
    const asNumbers = Object.keys(rings).map(Number);
    const asText = [...asNumbers].sort();
    expect(asText).not.toEqual([...asNumbers].sort((a, b) => a - b));
  });
});

describe("our placement with its tokens", () => {
  it.each([3, 10, 100])("spreads 100,000 keys over %i nodes, each with its fair share", (count) => {
    const partitions = 1_024;
    const members = nodeIds(count).map((nodeId) => ({
      incarnation: nodeId,
      nodeId,
      weight: 1,
      zone: "",
      state: "active" as const,
    }));
    const previous = Array.from({ length: partitions }, () => ({ owner: undefined, backups: [] }));
    const plan = planAssignment({ previous, members, backups: 0 }, new RingBuilder(128));

    const partitionsOf = countBy(plan.map(({ owner }) => owner ?? null));
    expect([...partitionsOf.keys()].sort()).toEqual(nodeIds(count).sort());
    for (const owned of partitionsOf.values()) {
      expect(Math.abs(owned - partitions / count)).toBeLessThan(1);
    }

    const owners = KEYS.map((key) => {
      const partition = partitionOf(encodeKey(key), { partitions, hashSeed: 42 });
      return plan[partition]?.owner ?? null;
    });
    const keysOf = countBy(owners);
    for (const [node, owned] of partitionsOf) {
      // Keys fall into partitions at random: 98 expected in each, give or take six deviations.
      const expected = (owned * KEYS.length) / partitions;
      expect(Math.abs((keysOf.get(node) ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected));
    }
  });
});
