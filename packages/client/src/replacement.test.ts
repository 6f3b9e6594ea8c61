import { describe, expect, it } from "vitest";
import { startConnected } from "./testing/fake-client.js";

describe("When every node is replaced by one with another address", () => {
  it("operations go on, although none of the seeds exists any more", async () => {
    await using test = await startConnected({ nodes: 3 });
    const seeds = new Set(test.fake.seeds);
    let isOver = false;
    let count = 0;
    const lane = async (key: string) => {
      for (let turn = 1; !isOver; turn++) {
        await test.cache.set(key, `${turn}`);
        expect(await test.cache.get(key)).toBe(`${turn}`);
        count += 1;
      }
    };
    const lanes = Promise.all(["a", "b", "c", "d", "e", "f"].map(lane));
    for (const old of test.fake.nodes.slice(0, 3)) {
      const { incarnation } = await test.fake.addNode(`next-${old.nodeId}`);
      test.fake.publish((topology) => ({
        ...topology,
        partitions: topology.partitions.map((partition) =>
          partition.owner === old.incarnation
            ? { ...partition, owner: incarnation, term: partition.term + 1 }
            : partition,
        ),
      }));
      await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
      test.fake.remove(old);
      old.endPipes();
      await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
      old.stop();
    }
    const before = count;
    await expect.poll(() => count).toBeGreaterThan(before + 100);
    isOver = true;
    await lanes;
    expect(test.client.topology().members.map(({ address }) => seeds.has(address))).toEqual([
      false,
      false,
      false,
    ]);
    // News still come.
    test.fake.moveAllTo(test.fake.node(5));
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    expect(test.client.clientStats().nodes.every(({ address }) => !seeds.has(address))).toBe(true);
  });
});
