/** `holdfast drain`: a node hands over what it has, flushes, and leaves the cluster. */
import type { Command } from "commander";
import { CliError } from "../cli-error.js";
import { drainNode } from "../rpc/drain.js";
import { formatCount } from "../terminal/reporter.js";
import {
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  reporterOf,
  viewOf,
  writeJson,
} from "./context.js";

export function drainCommand(context: CliContext): Command {
  return clusterCommand("drain", "have a node hand over everything, flush, and leave")
    .argument("<node>", "id of the node, as `status` shows it")
    .addHelpText(
      "after",
      "\nThe node's process ends. Exit code 1: acknowledged writes remained that the database did\n" +
        "not take in time; they are in the node's journal and are written when it starts again.",
    )
    .action(async (nodeId: string, options: ClusterOptions) => {
      const address = await addressOf(nodeId, context, options);
      const reporter = reporterOf(context, options);
      const progress = reporter.progress("partitions", 0);
      let partitions = 0;
      try {
        const left = await drainNode({ nodeId, address }, (now) => {
          const held = now.ownedPartitions + now.backedUpPartitions;
          partitions = Math.max(partitions, held);
          const dirty = now.dirtyEntries + now.recordsToReplay;
          const note = `${formatCount(dirty)} writes to flush`;
          progress.update(partitions - held, { total: partitions, note });
        });
        progress.finish();
        const { ownedPartitions, backedUpPartitions } = left;
        const remaining = left.dirtyEntries + left.recordsToReplay;
        const kept = ownedPartitions + backedUpPartitions;
        if (options.json) writeJson(context, { nodeId, remaining, partitionsNotHandedOver: kept });
        else {
          if (kept > 0) reporter.line(`${kept} partitions were not handed over in time`);
          reporter.line(`${nodeId} leaves; ${formatCount(remaining)} dirty entries remain`);
        }
        if (remaining > 0) context.setExitCode(1);
      } finally {
        progress.finish();
      }
    });
}

async function addressOf(
  nodeId: string,
  context: CliContext,
  options: ClusterOptions,
): Promise<string> {
  const { topology } = await viewOf(context, options);
  const members = (topology?.members ?? []).filter(({ state }) => state !== "dead");
  const member = members.find((each) => each.nodeId === nodeId);
  if (member !== undefined) return member.addresses.data;
  const ids = members.map((each) => each.nodeId).sort();
  const known = ids.join(", ") || "none";
  throw new CliError(`the cluster has no node "${nodeId}" now; its nodes: ${known}`);
}
