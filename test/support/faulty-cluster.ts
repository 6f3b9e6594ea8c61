/**
 * A cluster to whose processes everything may happen: their connections go through a network that
 * fails, their clocks can be set and their event loops held up.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalClusterOptions } from "@holdfast/cli";
import { type CacheDefinitions, startCluster, type TestCluster } from "./cluster.js";
import { Network } from "./network.js";

export interface FaultyCluster extends AsyncDisposable {
  readonly cluster: TestCluster;
  /** Between nodes and coordinators, by their names, `etcd` and `database`. */
  readonly network: Network;
  /** Sets a process' clock so far ahead of the system's, or holds up its event loop. */
  order(
    pid: number,
    order: { readonly clockMs?: number; readonly blockMs?: number },
  ): Promise<void>;
}

export async function startFaultyCluster(
  caches: CacheDefinitions,
  options: LocalClusterOptions = {},
): Promise<FaultyCluster> {
  const orders = await mkdtemp(join(tmpdir(), "holdfast-orders-"));
  let cluster: TestCluster | undefined;
  const network = await Network.start((port) => cluster && nameOf(cluster, port));
  const close = async () => {
    await cluster?.[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await rm(orders, { recursive: true, force: true });
  };
  try {
    cluster = await startCluster(caches, {
      ...options,
      environment: (name) => ({ ...network.environmentOf(name), FAULTS_ORDERS: orders }),
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    cluster,
    network,
    async order(pid, order) {
      await writeFile(join(orders, `${pid}.json`), JSON.stringify(order));
      process.kill(pid, "SIGUSR2");
    },
    [Symbol.asyncDispose]: close,
  };
}

function nameOf({ local, etcd }: TestCluster, port: number): string | undefined {
  if (port === etcd.port) return "etcd";
  if (port === Number(new URL(local.databaseUrl).port)) return "database";
  const coordinator = local.coordinatorAddresses.findIndex((address) => portOf(address) === port);
  if (coordinator >= 0) return `coordinator-${coordinator + 1}`;
  return local.nodes.find(({ addresses }) => Object.values(addresses).map(portOf).includes(port))
    ?.nodeId;
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
