/** Reads what the cluster is, waiting for a coordinator to create it where that has to happen first. */
import {
  type Clock,
  type ClusterConfig,
  checkClusterConfig,
  delay,
  type Logger,
} from "@holdfast/core";
import { CONFIG_KEY, decodeClusterConfig, type Registry } from "@holdfast/process";

const POLL_MS = 200;

/**
 * @throws {RegistryUnavailableError} when the registry cannot be reached.
 * @throws {IncompatibleClusterError} when the cluster was made by a version unlike this one.
 */
export async function readClusterConfig(
  registry: Registry,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<ClusterConfig> {
  for (let attempt = 0; ; attempt++) {
    const entry = await registry.get(CONFIG_KEY);
    if (entry !== undefined) {
      const config = decodeClusterConfig(entry.value);
      checkClusterConfig(config);
      return config;
    }
    if (attempt === 0) logger.info({}, "the cluster does not exist yet; waiting for a coordinator");
    await delay(clock, POLL_MS, signal);
  }
}
