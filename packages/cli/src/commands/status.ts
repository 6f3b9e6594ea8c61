/** `holdfast status`: who is in the cluster, who leads, who owns how much. */
import type { Command } from "commander";
import { readStatus } from "../rpc/operations.js";
import { ownedPartitions, type View } from "../rpc/topology.js";
import {
  CALL_TIMEOUT_MS,
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  viewOf,
  writeJson,
} from "./context.js";
import { formatTable } from "./table.js";

export function statusCommand(context: CliContext): Command {
  return clusterCommand("status", "show the members of the cluster and what they own").action(
    async (options: ClusterOptions) => {
      const view = await viewOf(context, options);
      const status = statusOf(view, await liveEpochs(context, view));
      if (options.json) writeJson(context, status);
      else context.stdout.write(`${describe(status)}\n`);
    },
  );
}

interface Status {
  readonly clusterId: string;
  readonly epoch: number;
  readonly coordinator: string | undefined;
  readonly partitions: number;
  readonly partitionsWithoutOwner: number;
  /** Partitions of which no other node is certain to have every acknowledged write. */
  readonly partitionsWithoutBackup: number;
  readonly moves: number;
  readonly members: readonly MemberStatus[];
}

interface MemberStatus {
  readonly nodeId: string;
  readonly incarnation: string;
  readonly address: string;
  readonly state: string;
  /** Whether it is registered now; `undefined` while no coordinator tells. */
  readonly live: boolean | undefined;
  /** The topology that it says it has. */
  readonly epoch: number | undefined;
  readonly partitions: number;
}

/** The epoch of every node that is registered now; `undefined` while no coordinator leads. */
async function liveEpochs(
  { clock }: CliContext,
  { coordinatorAddress: address }: View,
): Promise<ReadonlyMap<string, number> | undefined> {
  if (address === undefined) return undefined;
  const { liveNodes } = await readStatus({ address, timeoutMs: CALL_TIMEOUT_MS, clock });
  return new Map(liveNodes.map(({ incarnation, topologyEpoch }) => [incarnation, topologyEpoch]));
}

function statusOf(view: View, live: ReadonlyMap<string, number> | undefined): Status {
  const { topology } = view;
  const partitions = topology?.partitions ?? [];
  const owned = topology === undefined ? new Map() : ownedPartitions(topology);
  return {
    clusterId: view.clusterId,
    epoch: topology?.epoch ?? 0,
    coordinator: view.coordinatorAddress,
    partitions: view.partitions,
    partitionsWithoutOwner: partitions.filter(({ owner }) => owner === undefined).length,
    partitionsWithoutBackup: partitions.filter(({ inSync }) => inSync.length === 0).length,
    moves: partitions.filter(({ moveTo }) => moveTo !== undefined).length,
    members: byName(topology?.members ?? []).map(({ nodeId, incarnation, addresses, state }) => ({
      nodeId,
      incarnation,
      address: addresses.data,
      state,
      live: live?.has(incarnation),
      epoch: live?.get(incarnation),
      partitions: owned.get(incarnation) ?? 0,
    })),
  };
}

function describe(status: Status): string {
  const { clusterId, coordinator, epoch, members, moves, partitions } = status;
  const { partitionsWithoutOwner, partitionsWithoutBackup } = status;
  const lines = [
    `cluster ${clusterId}, epoch ${epoch}, ${coordinator === undefined ? "led by nobody: who joins or leaves is not noticed" : `led by ${coordinator}`}`,
    `${partitions} partitions, ${partitionsWithoutOwner} without owner, ${partitionsWithoutBackup} without a backup in sync, ${moves} on the move`,
  ];
  const rows = members.map(({ nodeId, address, state, live, partitions: owned, incarnation }) => [
    nodeId,
    address,
    live === false ? `${state} (not registered)` : state,
    owned,
    incarnation,
  ]);
  const head = ["node", "address", "state", "partitions", "incarnation"];
  return [...lines, "", formatTable(head, rows)].join("\n");
}

/** Not in the order in which they joined: people look for a name. */
function byName<Member extends { readonly nodeId: string }>(members: readonly Member[]): Member[] {
  return members.toSorted((a, b) => a.nodeId.localeCompare(b.nodeId, "en", { numeric: true }));
}
