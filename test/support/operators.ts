/** What an operator can do to a cluster, and tests do: find the leader, end a node's lease. */
import { credentials } from "@grpc/grpc-js";
import type { LocalCluster } from "@holdfast/cli";
import { Admin } from "@holdfast/proto";
import { connectRegistry } from "./registry-probe.js";

const CALL_MS = 2_000;

export type RunningCoordinator = LocalCluster["coordinators"][number];

/** @throws {Error} while nobody leads. */
export async function leaderOf({ coordinators }: LocalCluster): Promise<RunningCoordinator> {
  const leading = await Promise.all(coordinators.map(({ address }) => isLeading(address)));
  const leader = coordinators[leading.indexOf(true)];
  if (leader === undefined) throw new Error("no coordinator leads");
  return leader;
}

function isLeading(address: string): Promise<boolean> {
  const admin = new Admin(address, credentials.createInsecure());
  return new Promise((resolve) => {
    admin.Status({}, { deadline: Date.now() + CALL_MS }, (_error, status) => {
      admin.close();
      resolve(status?.leading ?? false);
    });
  });
}

/** Ends the lease under which a node is registered, as somebody might with etcdctl. */
export async function revokeLease({ etcdEndpoints }: LocalCluster, nodeId: string): Promise<void> {
  const registry = connectRegistry(etcdEndpoints, "local");
  try {
    const leaseId = (await registry.get(`members/${nodeId}`))?.leaseId;
    if (leaseId !== undefined) await registry.revokeLease(leaseId);
  } finally {
    await registry.close();
  }
}
