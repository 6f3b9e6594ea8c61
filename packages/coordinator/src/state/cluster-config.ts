/**
 * What the cluster is: decided once, by the first leader, and equal everywhere from then on. The
 * registry has it for everyone; the database remembers it, so that a registry that lost everything
 * gets the same hash seed and number of partitions again, and no two clusters share a schema.
 */
import { type ClusterConfig, checkClusterConfig, type Logger } from "@holdfast/core";
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
import type { MetaStore } from "./stores.js";

export interface ClusterConfigOptions {
  readonly registry: Registry;
  /** Revision that made this coordinator the leader; a new cluster is created while that holds. */
  readonly leaderRevision: number;
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
export async function ensureClusterConfig(options: ClusterConfigOptions): Promise<ClusterConfig> {
  const { registry, leaderRevision, logger } = options;
  const stored = await registry.get(CONFIG_KEY);
  if (stored !== undefined) {
    const config = decodeClusterConfig(stored.value);
    checkClusterConfig(config);
    await rememberIfPossible(config, options);
    return config;
  }
  const config = await remembered(options);
  checkClusterConfig(config);
  try {
    await registry.transact(
      [
        { key: COORDINATOR_KEY, target: "create", equals: leaderRevision },
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
  checkClusterConfig(present);
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
  checkMeta(known, config);
}
