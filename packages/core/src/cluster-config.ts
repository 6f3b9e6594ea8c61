/**
 * What a cluster is: drawn once, when it is created, and equal for every process from then on. It
 * lies in the registry, and in the database in case the registry loses it.
 */
import { HASH_ALGORITHM } from "./hash.js";
import { isPartitionCount } from "./partitions.js";

/** The layout of registry and database that this version reads and writes. */
export const FORMAT_VERSION = 1;

export interface ClusterConfig {
  /** Unique; two clusters never share a database schema. */
  readonly clusterId: string;
  readonly formatVersion: number;
  /** A power of two from 2 to 16,384. */
  readonly partitions: number;
  readonly hashAlgorithm: string;
  /** Unsigned, 32 bits; random, so that nobody outside can aim keys at one partition. */
  readonly hashSeed: number;
}

/** A cluster that this version cannot be part of, now or later. */
export class IncompatibleClusterError extends Error {
  override readonly name = "IncompatibleClusterError";
}

/** @throws {IncompatibleClusterError} that says which of the cluster's properties is foreign. */
export function checkClusterConfig(config: ClusterConfig): void {
  const { formatVersion, hashAlgorithm, partitions } = config;
  if (formatVersion !== FORMAT_VERSION) {
    throw new IncompatibleClusterError(
      `the cluster has format ${formatVersion}, and this version understands ${FORMAT_VERSION}`,
    );
  }
  if (hashAlgorithm !== HASH_ALGORITHM) {
    throw new IncompatibleClusterError(
      `the cluster places keys by ${hashAlgorithm}, and this version knows ${HASH_ALGORITHM}`,
    );
  }
  if (!isPartitionCount(partitions)) {
    throw new IncompatibleClusterError(`the cluster has ${partitions} partitions, no power of two`);
  }
}
