/** `holdfast explain`: who has a key, what its owner has of it, and what the database says. */
import { CacheError, encodeKey, findMember, partitionOf, type Topology } from "@holdfast/core";
import type { Explanation__Output } from "@holdfast/proto";
import type { Command } from "commander";
import { CliError } from "../cli-error.js";
import { explainKey } from "../rpc/operator.js";
import type { View } from "../rpc/topology.js";
import {
  CALL_TIMEOUT_MS,
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  nodesOf,
  viewOf,
  writeJson,
} from "./context.js";
import { describeExplanation } from "./explain-text.js";
import { toLetterJson } from "./letters-text.js";

/** Where a key lies, by the topology. */
export interface KeyPlacement {
  readonly cache: string;
  readonly key: string;
  readonly partition: number;
  readonly partitions: number;
  readonly epoch: number;
  readonly term: number;
  /** `undefined`: nobody owns it now. */
  readonly owner: PlacedMember | undefined;
  readonly backups: readonly (PlacedMember & { readonly inSync: boolean })[];
  readonly moveTo: PlacedMember | undefined;
  /** Whose journals are waited for. */
  readonly recoverFrom: readonly string[];
}

interface PlacedMember {
  readonly nodeId: string;
  readonly incarnation: string;
}

export function explainCommand(context: CliContext): Command {
  return clusterCommand("explain", "tell what there is to know of a key")
    .argument("<cache>")
    .argument("<key>")
    .action(async (cache: string, key: string, options: ClusterOptions) => {
      const view = await viewOf(context, options);
      const placement = placementOf(view, cache, key);
      const targets = nodesOf(context, view, CALL_TIMEOUT_MS);
      try {
        const explanation = await explainKey(targets, cache, key);
        if (options.json) writeJson(context, { ...placement, ...toJson(explanation) });
        else context.stdout.write(`${describeExplanation(placement, explanation)}\n`);
      } catch (error) {
        const { code, message } = CacheError.from(error);
        if (code !== "UNAVAILABLE" && code !== "DEADLINE_EXCEEDED") throw error;
        // Where the key should be is worth telling all the same.
        const problem = `${code}: ${message}`;
        if (options.json) writeJson(context, { ...placement, problem });
        else context.stdout.write(`${describeExplanation(placement, undefined)}\n`);
        throw new CliError(`the key's owner tells nothing: ${problem}`);
      }
    });
}

/** @throws {CliError} before there is a topology. */
function placementOf({ topology, partitions, hashSeed }: View, cache: string, key: string) {
  if (topology === undefined) throw new CliError("the cluster has no topology yet");
  const partition = partitionOf(encodeKey(key), { partitions, hashSeed });
  const place = topology.partitions[partition];
  if (place === undefined) throw new CliError("the topology has no such partition");
  const { owner, backups, inSync, moveTo, term, recoverFrom } = place;
  const placement: KeyPlacement = {
    cache,
    key,
    partition,
    partitions,
    epoch: topology.epoch,
    term,
    owner: memberOf(topology, owner),
    backups: backups.map((backup) => ({
      ...nameOf(topology, backup),
      inSync: inSync.includes(backup),
    })),
    moveTo: memberOf(topology, moveTo),
    recoverFrom,
  };
  return placement;
}

function memberOf(topology: Topology, incarnation: string | undefined): PlacedMember | undefined {
  return incarnation === undefined ? undefined : nameOf(topology, incarnation);
}

function nameOf(topology: Topology, incarnation: string): PlacedMember {
  return { nodeId: findMember(topology, incarnation)?.nodeId ?? "?", incarnation };
}

/** The owner's part of the JSON output; what is not there is absent. */
function toJson(explanation: Explanation__Output): object {
  const { pattern, recovering, unresolved, cached, dirty, row, rowProblem } = explanation;
  return {
    toldBy: { incarnation: explanation.incarnation, epoch: explanation.epoch },
    pattern,
    recovering,
    unresolved,
    ...(cached && { cached: withoutMarks(cached) }),
    ...(dirty && { dirty: withoutMarks(dirty) }),
    ...(row && { row: { ...withoutMarks(row), state: row.state.toLowerCase() } }),
    ...(rowProblem !== "" && { rowProblem }),
    deadLetters: explanation.deadLetters.map(toLetterJson),
  };
}

/** Without the fields that proto-loader adds to say which optional ones are set. */
function withoutMarks<Message extends object>(message: Message): Partial<Message> {
  const fields = Object.entries(message).filter(([name]) => !name.startsWith("_"));
  // A part of the message's own fields.
  return Object.fromEntries(fields) as Partial<Message>;
}
