/**
 * What the cluster is: decided once, by the first leader, and equal everywhere from then on. The
 * registry has it for everyone; the database remembers it, so that a registry that lost everything
 * gets the same hash seed and number of partitions again, and no two clusters share a schema.
 */
import { type ClusterConfig, HASH_ALGORITHM, isPartitionCount, type Logger } from "@holdfast/core";
import {
  CONFIG_KEY,
  COORDINATOR_KEY,
  checkMeta,
  DatabaseError,
  decodeClusterConfig,
  encodeRecord,
  type Registry,
  RegistryUnavailableError,
} from "@holdfast/process";
import type { Reign } from "./leadership.js";

/** Grows when what lies in the registry or the database changes incompatibly. */
export const FORMAT_VERSION = 1;

/** This release cannot run this cluster, and trying again will not help. */
export class IncompatibleClusterError extends Error {
  override readonly name = "IncompatibleClusterError";
}

/** Where the database remembers what the cluster is. */
export interface MetaStore {
  /** @throws {DatabaseError} */
  read(): Promise<ClusterConfig | undefined>;
  /** Remembers it unless something is remembered already, and returns what is. @throws {DatabaseError} */
  write(config: ClusterConfig): Promise<ClusterConfig>;
}

export interface ClusterConfigOptions {
  readonly registry: Registry;
  /** Undefined: no database is configured. */
  readonly meta: MetaStore | undefined;
  readonly logger: Logger;
  /** For a cluster that does not exist yet. */
  readonly create: () => ClusterConfig;
}

/**
 * Returns the cluster's configuration, after creating it where there is none.
 *
 * @throws {IncompatibleClusterError}
 * @throws {RegistryUnavailableError}
 * @throws {DatabaseError} only when the registry has no configuration: without the database it is
 *   not known whether there was one.
 */
export async function ensureClusterConfig(
  reign: Reign,
  options: ClusterConfigOptions,
): Promise<ClusterConfig> {
  const { registry, logger } = options;
  const stored = await registry.get(CONFIG_KEY);
  if (stored !== undefined) {
    const config = decodeClusterConfig(stored.value);
    checkCompatible(config);
    await rememberIfPossible(config, options);
    return config;
  }
  const config = await remembered(options);
  checkCompatible(config);
  try {
    await registry.transact(
      [
        { key: COORDINATOR_KEY, target: "create", equals: reign.createRevision },
        { key: CONFIG_KEY, target: "create", equals: 0 },
      ],
      [{ key: CONFIG_KEY, put: encodeRecord(config) }],
    );
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError)) throw error;
  }
  // Whatever became of the transaction, and whoever won: what is there now holds.
  const entry = await registry.get(CONFIG_KEY);
  if (entry === undefined) throw new RegistryUnavailableError("the configuration was not created");
  const present = decodeClusterConfig(entry.value);
  checkCompatible(present);
  if (present.clusterId === config.clusterId) logger.info({ config }, "cluster created");
  return present;
}

/** What the database remembers of a cluster, or, after this, of the new one. */
async function remembered({ meta, create, logger }: ClusterConfigOptions): Promise<ClusterConfig> {
  if (meta === undefined) return create();
  const known = await meta.read();
  if (known === undefined) return await meta.write(create());
  logger.warn({ clusterId: known.clusterId }, "recreating the cluster that the database remembers");
  return known;
}

/** The registry has it, so a database that is away is no reason to wait. */
async function rememberIfPossible(
  config: ClusterConfig,
  { meta, logger }: ClusterConfigOptions,
): Promise<void> {
  if (meta === undefined) return;
  let known: ClusterConfig;
  try {
    known = await meta.write(config);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    logger.warn({ err: error }, "cannot compare the cluster with what the database remembers");
    return;
  }
  try {
    checkMeta(known, config);
  } catch (error) {
    throw new IncompatibleClusterError(String(error), { cause: error });
  }
}

function checkCompatible({ formatVersion, hashAlgorithm, partitions }: ClusterConfig): void {
  const problems: string[] = [];
  if (formatVersion !== FORMAT_VERSION) {
    problems.push(`format version ${formatVersion} (this release knows ${FORMAT_VERSION})`);
  }
  if (hashAlgorithm !== HASH_ALGORITHM) {
    problems.push(`hash algorithm "${hashAlgorithm}" (this release knows "${HASH_ALGORITHM}")`);
  }
  if (!isPartitionCount(partitions)) problems.push(`${partitions} partitions`);
  if (problems.length === 0) return;
  throw new IncompatibleClusterError(`the stored cluster has ${problems.join(" and ")}`);
}
