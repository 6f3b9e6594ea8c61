/** `holdfast status`: who is in the cluster, who leads, who owns how much. */
import type { Command } from "commander";
import { readStatus } from "../rpc/operations.js";
import { ownedPartitions, type View } from "../rpc/topology.js";
import type { CallTarget } from "../rpc/unary.js";
import {
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  coordinatorOf,
  viewOf,
  writeJson,
} from "./context.js";
import { formatTable } from "./table.js";

export function statusCommand(context: CliContext): Command {
  return clusterCommand("status", "show the members of the cluster and what they own").action(
    async (options: ClusterOptions) => {
      const view = await viewOf(context, options);
      const status = statusOf(view, await liveEpochs(coordinatorOf(context, view)));
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
  readonly moves: number;
  readonly members: readonly MemberStatus[];
}

interface MemberStatus {
  readonly nodeId: string;
  readonly incarnation: string;
  readonly address: string;
  readonly state: string;
  /** Whether it is registered now. */
  readonly live: boolean;
  /** The topology that it says it has. */
  readonly epoch: number | undefined;
  readonly partitions: number;
}

async function liveEpochs(coordinator: CallTarget): Promise<ReadonlyMap<string, number>> {
  const { liveNodes } = await readStatus(coordinator);
  return new Map(liveNodes.map(({ incarnation, topologyEpoch }) => [incarnation, topologyEpoch]));
}

function statusOf(view: View, live: ReadonlyMap<string, number>): Status {
  const { topology } = view;
  const partitions = topology?.partitions ?? [];
  const owned = topology === undefined ? new Map() : ownedPartitions(topology);
  return {
    clusterId: view.clusterId,
    epoch: topology?.epoch ?? 0,
    coordinator: view.coordinatorAddress,
    partitions: view.partitions,
    partitionsWithoutOwner: partitions.filter(({ owner }) => owner === undefined).length,
    moves: partitions.filter(({ moveTo }) => moveTo !== undefined).length,
    members: (topology?.members ?? []).map(({ nodeId, incarnation, addresses, state }) => ({
      nodeId,
      incarnation,
      address: addresses.data,
      state,
      live: live.has(incarnation),
      epoch: live.get(incarnation),
      partitions: owned.get(incarnation) ?? 0,
    })),
  };
}

function describe(status: Status): string {
  const { clusterId, coordinator, epoch, members, moves, partitions, partitionsWithoutOwner } =
    status;
  const lines = [
    `cluster ${clusterId}, epoch ${epoch}, led by ${coordinator ?? "nobody"}`,
    `${partitions} partitions, ${partitionsWithoutOwner} without owner, ${moves} on the move`,
  ];
  const rows = members.map(({ nodeId, address, state, live, partitions: owned, incarnation }) => [
    nodeId,
    address,
    live ? state : `${state} (not registered)`,
    owned,
    incarnation,
  ]);
  const head = ["node", "address", "state", "partitions", "incarnation"];
  return [...lines, "", formatTable(head, rows)].join("\n");
}
