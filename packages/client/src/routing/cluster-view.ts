/**
 * What a node or coordinator tells of the cluster, checked once where it enters: a view that gets
 * past this file can be routed by.
 */
import {
  CacheError,
  type ClusterConfig,
  HASH_ALGORITHM,
  isPartitionCount,
  type Topology,
} from "@holdfast/core";
import { type TopologyView__Output, topologyFromMessage } from "@holdfast/proto";

export interface ClusterView {
  readonly config: ClusterConfig;
  readonly topology: Topology;
  /** `host:port` of the leading coordinator. Empty: not known. */
  readonly coordinatorAddress: string;
}

/**
 * @returns `undefined` when the other side has no topology itself yet.
 * @throws {CacheError} `INVALID_ARGUMENT` when it is another cluster than `clusterId`, or one that
 *   places keys in a way that this client does not know.
 */
export function readView(
  { config, topology, coordinatorAddress }: TopologyView__Output,
  clusterId: string | undefined,
): ClusterView | undefined {
  if (!config || !topology || topology.partitions.length === 0) return undefined;
  if (clusterId !== undefined && config.clusterId !== clusterId) {
    throw invalid(`this is cluster "${config.clusterId}", not "${clusterId}"`);
  }
  if (config.hashAlgorithm !== HASH_ALGORITHM) {
    throw invalid(`the cluster places keys by ${config.hashAlgorithm}; use a newer client`);
  }
  if (!isPartitionCount(config.partitions) || topology.partitions.length !== config.partitions) {
    const { partitions } = topology;
    throw invalid(`the topology has ${partitions.length} of ${config.partitions} partitions`);
  }
  return { config, topology: topologyFromMessage(topology), coordinatorAddress };
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_ARGUMENT", message);
}
