/** Every node is replaced by another one at another address, while a client goes on. */
import { connect } from "@holdfast/client";
import { expect, it } from "vitest";
import { startCluster } from "./support/cluster.js";
import { breather } from "./support/eventually.js";

const CACHES = { aside: { pattern: "cache-aside" } };

it("a client outlives every node that it was ever told of", { timeout: 120_000 }, async () => {
  await using cluster = await startCluster(CACHES, { nodes: 2 });
  const { local } = cluster;
  await local.settled();
  const old = local.nodes.map(({ nodeId, addresses }) => ({ nodeId, address: addresses.data }));
  // No coordinator among them: when the nodes are gone, no seed leads anywhere.
  await using client = await connect({ seeds: old.map(({ address }) => address) });
  const cache = client.cache<number>("aside");
  let isOver = false;
  let count = 0;
  const lane = async (key: string) => {
    for (let turn = 1; !isOver; turn++) {
      await cache.set(key, turn);
      expect(await cache.get(key)).toBe(turn);
      count += 1;
      await breather();
    }
  };
  const lanes = Promise.all(["a", "b", "c", "d", "e", "f"].map(lane));
  for (const { nodeId } of old) {
    await local.addNode();
    await local.settled();
    await local.stopNode(nodeId);
    await local.settled();
  }
  const before = count;
  await expect.poll(() => count, { timeout: 20_000 }).toBeGreaterThan(before + 100);
  isOver = true;
  await lanes;
  // Who left last may still be listed, as dead.
  const members = client.topology().members.filter(({ state }) => state === "active");
  expect(members).toHaveLength(2);
  for (const { address } of old)
    expect(members.map((member) => member.address)).not.toContain(address);
  // News still come.
  const { epoch } = client.topology();
  await local.addNode();
  await expect.poll(() => client.topology().epoch, { timeout: 20_000 }).toBeGreaterThan(epoch);
});
