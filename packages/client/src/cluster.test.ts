import { afterEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "./cluster.js";
import { connect } from "./connect.js";
import type { ConnectOptions } from "./options.js";
import { FakeCluster, type FakeClusterOptions } from "./testing/fake-cluster.js";

let fake: FakeCluster;
let client: Cluster;

async function start(options: FakeClusterOptions = {}, more: Partial<ConnectOptions> = {}) {
  fake = await FakeCluster.start(options);
  client = await connect({ seeds: fake.seeds, ...more });
  return client.cache<string>("products");
}

afterEach(async () => {
  await client?.close({ drainTimeout: 0 });
  await fake?.[Symbol.asyncDispose]();
});

describe("Batching", () => {
  it("sends concurrent reads of one tick in one message to each owner", async () => {
    const cache = await start({ nodes: 3 });
    const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => cache.get(key)));
    for (const node of fake.nodes) expect(node.messages).toHaveLength(1);
    expect(fake.nodes.flatMap((node) => node.operations)).toHaveLength(300);
  });
});
void vi;
