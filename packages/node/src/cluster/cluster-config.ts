/** Reads what the cluster is, waiting for a coordinator to create it where that has to happen first. */
import { type Clock, type ClusterConfig, delay, HASH_ALGORITHM, type Logger } from "@holdfast/core";
import { CONFIG_KEY, decodeClusterConfig, type Registry } from "@holdfast/process";

const POLL_MS = 200;

/** The version of the registry's and database's layout that this node understands. */
const FORMAT_VERSION = 1;

/**
 * @throws {RegistryUnavailableError} when the registry cannot be reached.
 * @throws {Error} when the cluster was made by a version that this one does not understand.
 */
export async function readClusterConfig(
  registry: Registry,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<ClusterConfig> {
  for (let attempt = 0; ; attempt++) {
    const entry = await registry.get(CONFIG_KEY);
    if (entry !== undefined) return checked(decodeClusterConfig(entry.value));
    if (attempt === 0) logger.info({}, "the cluster does not exist yet; waiting for a coordinator");
    await delay(clock, POLL_MS, signal);
  }
}

function checked(config: ClusterConfig): ClusterConfig {
  if (config.formatVersion !== FORMAT_VERSION) {
    throw new Error(
      `the cluster has format ${config.formatVersion}; this node understands ${FORMAT_VERSION}`,
    );
  }
  if (config.hashAlgorithm !== HASH_ALGORITHM) {
    throw new Error(
      `the cluster places keys by ${config.hashAlgorithm}; this node knows ${HASH_ALGORITHM}`,
    );
  }
  return config;
}
