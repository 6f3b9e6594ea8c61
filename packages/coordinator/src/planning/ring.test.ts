import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ring, RingBuilder, startOf } from "./ring.js";
import { RingWalk } from "./ring-walk.js";

const seed = testSeed();

function nodes(count: number, weight = 1) {
  return Array.from({ length: count }, (_, index) => ({ nodeId: `node-${index + 1}`, weight }));
}

function tokensOf(ring: Ring, nodeId: string): number[] {
  const node = ring.nodeIds.indexOf(nodeId);
  return [...ring.tokens].filter((_, position) => ring.nodeOf[position] === node);
}

describe("RingBuilder", () => {
  it("places a node's tokens where it always has", () => {
    const ring = new RingBuilder(3).build([{ nodeId: "node-1", weight: 1 }]);
    // The third 32-bit words of md5("node-1:0"), …:1 and …:2, which is what becomes of them in
    // hash-ring. Other values here would move partitions in every running cluster.
    expect([...ring.tokens]).toEqual([269_976_360, 1_645_915_172, 3_412_333_923]);
  });

  it("sorts all tokens as numbers", () => {
    const { tokens } = new RingBuilder(64).build(nodes(20));
    expect(tokens.length).toBe(20 * 64);
    expect([...tokens]).toEqual([...tokens].sort((a, b) => a - b));
  });

  it("gives a node tokens in proportion to its weight", () => {
    const ring = new RingBuilder(16).build([
      { nodeId: "a", weight: 1 },
      { nodeId: "b", weight: 3 },
    ]);
    expect(tokensOf(ring, "a")).toHaveLength(16);
    expect(tokensOf(ring, "b")).toHaveLength(48);
  });

  it("leaves the tokens of the others where they are when a node comes or goes", () => {
    const builder = new RingBuilder(32);
    const before = builder.build(nodes(5));
    const after = builder.build(nodes(4));
    for (const { nodeId } of nodes(4)) {
      expect(tokensOf(after, nodeId)).toEqual(tokensOf(before, nodeId));
    }
  });

  it("does not depend on the order of the nodes, nor on rings built before", () => {
    const builder = new RingBuilder(32);
    builder.build([{ nodeId: "node-3", weight: 2 }]);
    expect(builder.build(nodes(5).reverse())).toEqual(new RingBuilder(32).build(nodes(5)));
  });

  it("places nodes with the strangest names", () => {
    const names = ["__proto__", "constructor", "%s:%d", "", "кластер"];
    const ring = new RingBuilder(8).build(names.map((nodeId) => ({ nodeId, weight: 1 })));
    for (const name of names) expect(tokensOf(ring, name)).toHaveLength(8);
  });
});

describe("startOf", () => {
  it("finds the first token at or after the end of a partition's range", () => {
    const ring = {
      nodeIds: ["a"],
      tokens: Uint32Array.of(5, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1),
      nodeOf: Uint32Array.of(0, 0, 0, 0),
    };
    expect([0, 1, 2, 3].map((partition) => startOf(partition, 4, ring))).toEqual([1, 1, 3, 0]);
  });
});

describe("RingWalk", () => {
  it(`finds the same nodes as a walk token by token (seed ${seed})`, () => {
    const ring = new RingBuilder(16).build(nodes(8));
    fc.assert(
      fc.property(
        fc.array(fc.record({ close: fc.nat(7), from: fc.nat(ring.tokens.length - 1) })),
        (steps) => {
          const walk = new RingWalk(ring);
          const open = new Set([0, 1, 2, 3, 4, 5, 6, 7]);
          for (const { close, from } of steps) {
            if (open.size > 1) {
              walk.close(close);
              open.delete(close);
            }
            const around = [...ring.nodeOf.subarray(from), ...ring.nodeOf.subarray(0, from)];
            expect(walk.nodeFrom(from)).toBe(around.find((node) => open.has(node)));
          }
        },
      ),
      { seed },
    );
  });

  it("refuses to search when every node is closed", () => {
    const walk = new RingWalk(new RingBuilder(4).build(nodes(1)));
    walk.close(0);
    walk.close(0);
    expect(() => walk.nodeFrom(0)).toThrow("no node on the ring is open");
  });
});
