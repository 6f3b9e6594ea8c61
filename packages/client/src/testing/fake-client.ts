/**
 * A fake cluster and a client of it, started together and ended together.
 */
import type { Cache } from "../cache/cache.js";
import type { Cluster } from "../cluster.js";
import { connect } from "../connect.js";
import type { ConnectOptions } from "../options.js";
import { FakeCluster, type FakeClusterOptions } from "./fake-cluster.js";
import type { FakeNode } from "./fake-node.js";

export interface Connected<V> extends AsyncDisposable {
  readonly fake: FakeCluster;
  /** The first node. */
  readonly node: FakeNode;
  readonly client: Cluster;
  readonly cache: Cache<V>;
}

/** Ends without waiting for operations that a test left unanswered. */
export async function startConnected<V = string>(
  options: FakeClusterOptions = {},
  more: Partial<ConnectOptions> = {},
): Promise<Connected<V>> {
  const fake = await FakeCluster.start(options);
  const client = await connect({ seeds: fake.seeds, ...more });
  return {
    fake,
    node: fake.node(0),
    client,
    cache: client.cache<V>("products"),
    [Symbol.asyncDispose]: async () => {
      await client.close({ drainTimeout: 0 });
      await fake[Symbol.asyncDispose]();
    },
  };
}
