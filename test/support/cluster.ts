/**
 * A cluster of real processes for tests: nodes and coordinators on a real etcd and a real
 * PostgreSQL. A test ends it with `await using`.
 */
import { credentials } from "@grpc/grpc-js";
import { LocalCluster, type LocalClusterOptions } from "@holdfast/cli";
import { type Cluster, connect } from "@holdfast/client";
import { Admin } from "@holdfast/proto";
import pg from "pg";
import { type Etcd, startEtcd } from "./etcd.js";

/** Definitions in the form in which they are written in YAML, by name. */
export type CacheDefinitions = Readonly<Record<string, object>>;

export interface TestCluster extends AsyncDisposable {
  readonly local: LocalCluster;
  readonly etcd: Etcd;
  /** A connection of the test's own to the cluster's database. */
  readonly database: pg.Client;
  apply(caches: CacheDefinitions): Promise<void>;
  /** A client of the cluster; closed with it. */
  connect(): Promise<Cluster>;
  /** Dirty entries of a cache on the nodes that can be asked. */
  dirtyEntries(cache: string): Promise<number>;
}

export async function startCluster(
  caches: CacheDefinitions,
  options: LocalClusterOptions = {},
): Promise<TestCluster> {
  const etcd = await startEtcd();
  const closing: (() => Promise<unknown>)[] = [() => etcd.stop()];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const local = await LocalCluster.start({
      leaseTtl: "2s",
      partitions: 64,
      etcdEndpoints: [etcd.endpoint],
      ...options,
    });
    closing.push(() => local.stop());
    const database = new pg.Client(local.databaseUrl);
    database.on("error", () => {});
    await database.connect();
    closing.push(() => database.end());
    const cluster: TestCluster = {
      local,
      etcd,
      database,
      apply: (definitions) => apply(local.coordinatorAddress, definitions),
      async connect() {
        const client = await connect({ seeds: local.seeds });
        closing.push(() => client.close());
        return client;
      },
      async dirtyEntries(cache) {
        const client = await connect({ seeds: local.seeds });
        try {
          return (await client.cache(cache).stats()).dirtyEntries;
        } finally {
          await client.close();
        }
      },
      [Symbol.asyncDispose]: close,
    };
    await cluster.apply(caches);
    return cluster;
  } catch (error) {
    await close();
    throw error;
  }
}

function apply(coordinatorAddress: string, caches: CacheDefinitions): Promise<void> {
  const admin = new Admin(coordinatorAddress, credentials.createInsecure());
  const definitions = Object.entries(caches).map(([name, config]) => ({
    name,
    configJson: JSON.stringify(config),
  }));
  return new Promise((resolve, reject) => {
    admin.ApplyCaches({ caches: definitions }, { deadline: Date.now() + 10_000 }, (error) => {
      admin.close();
      if (error === null) resolve();
      else reject(error);
    });
  });
}
