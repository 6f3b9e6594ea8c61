/**
 * The operator's calls: caches and status at a coordinator, counters of nodes, and the launcher's
 * proof of death.
 */
import { CacheError } from "@holdfast/core";
import {
  Admin,
  type ApplyCachesResponse__Output,
  Cache,
  Control,
  type ListCachesResponse__Output,
  type ReportExitResponse__Output,
  type StatsResponse__Output,
  type StatusResponse__Output,
} from "@holdfast/proto";
import { type CallTarget, callOnce } from "./unary.js";

/** A cache's definition in the form in which it is written in YAML. */
export interface CacheDefinitionInput {
  readonly name: string;
  readonly config: unknown;
}

export function applyCaches(
  target: CallTarget,
  caches: readonly CacheDefinitionInput[],
): Promise<ApplyCachesResponse__Output> {
  const request = {
    caches: caches.map(({ name, config }) => ({ name, configJson: JSON.stringify(config) })),
  };
  return callOnce(Admin, target, (client, options, done) =>
    client.applyCaches(request, options, done),
  );
}

export function listCaches(target: CallTarget): Promise<ListCachesResponse__Output> {
  return callOnce(Admin, target, (client, options, done) => client.listCaches({}, options, done));
}

export function readStatus(target: CallTarget): Promise<StatusResponse__Output> {
  return callOnce(Admin, target, (client, options, done) => client.status({}, options, done));
}

/** Counters of one node. `cache` empty: of every cache. */
export function readStats(target: CallTarget, cache: string): Promise<StatsResponse__Output> {
  return callOnce(Cache, target, (client, options, done) => client.stats({ cache }, options, done));
}

/** One run of a node process. */
export interface ProcessRun {
  readonly nodeId: string;
  readonly incarnation: string;
}

/**
 * Tells the leading coordinator that the process is dead, whichever of the addresses that is.
 *
 * @returns whether the incarnation was still registered.
 * @throws {CacheError} `UNAVAILABLE` when no coordinator takes the report; the node's lease then
 *   tells of its death later.
 */
export async function reportExit(
  targets: readonly CallTarget[],
  { nodeId, incarnation }: ProcessRun,
): Promise<boolean> {
  let failure = new CacheError("UNAVAILABLE", "no coordinator is known");
  for (const target of targets) {
    try {
      const answer: ReportExitResponse__Output = await callOnce(
        Control,
        target,
        (client, options, done) => client.reportExit({ nodeId, incarnation }, options, done),
      );
      return answer.removed;
    } catch (error) {
      failure = CacheError.from(error);
    }
  }
  throw failure;
}
