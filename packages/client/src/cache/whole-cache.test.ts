import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";

describe("The whole of a cache", () => {
  it("is cleared at every node that owns a partition", async () => {
    await using test = await startConnected({ nodes: 3 });
    await test.cache.clear();
    for (const node of test.fake.nodes) {
      expect(node.operations.map(({ kind }) => kind)).toEqual(["CLEAR"]);
    }
  });

  it("is cleared again where a partition went meanwhile", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    first.intercept = () => "silence";
    const clearing = test.cache.clear();
    await expect.poll(() => first.operations.length).toBe(1);
    test.fake.moveAllTo(second);
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    first.send([{ id: first.operations[0]?.id ?? 0, code: "OK" }]);
    await clearing;
    expect(second.operations.map(({ kind }) => kind)).toEqual(["CLEAR", "CLEAR"]);
  });

  it("has the counters of all nodes, and names those that are silent", async () => {
    await using test = await startConnected({ nodes: 3 });
    expect(await test.cache.stats()).toMatchObject({
      cache: "products",
      hits: 30,
      misses: 3,
      hitRatio: 30 / 33,
      oldestDirtyAgeMs: 6,
      nodes: 3,
      unreachable: [],
    });
    test.fake.node(2).stop();
    expect(await test.cache.stats()).toMatchObject({
      hits: 20,
      nodes: 2,
      unreachable: ["node-2"],
    });
    const { nodes } = await test.client.stats();
    expect(nodes.map(({ nodeId }) => nodeId)).toEqual(["node-0", "node-1"]);
  });

  it("is warmed by keys, in several requests when they are many, with progress", async () => {
    await using test = await startConnected();
    const keys = Array.from({ length: 12_000 }, (_, index) => `key-${index}`);
    const steps: number[] = [];
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) => {
      expect(total).toBe(12_000);
      steps.push(loaded);
    };
    const result = await test.cache.warm(keys, { onProgress });
    expect(result).toMatchObject({ total: 12_000, loaded: 12_000 });
    expect(steps).toEqual([2_500, 5_000, 7_500, 10_000, 11_000, 12_000]);
  });

  it("is warmed by a query, at another node when one fails", async () => {
    await using test = await startConnected({ nodes: 3 });
    for (const node of test.fake.nodes.slice(1)) node.warmSteps = 0;
    const result = await test.cache.warm({ query: "bestsellers", limit: 50 });
    expect(result).toMatchObject({ total: 50, loaded: 50 });
    test.fake.node(0).warmSteps = 0;
    await expect(test.cache.warm({ query: "bestsellers" })).rejects.toThrowError(
      expect.objectContaining({ code: "UNAVAILABLE" }),
    );
  });
});
