/** `holdfast warm`: loads keys ahead of their first read, and shows how far it is. */
import type { Command } from "commander";
import { CliError } from "../cli-error.js";
import { formatCount } from "../terminal/reporter.js";
import {
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  reporterOf,
  wholeNumber,
  writeJson,
} from "./context.js";
import { onCluster } from "./entries.js";

interface WarmOptions extends ClusterOptions {
  readonly query?: string;
  readonly limit?: number;
}

const MAX_LIMIT = 2 ** 32 - 1;

export function warmCommand(context: CliContext): Command {
  return clusterCommand("warm", "load keys, or those that a configured query yields")
    .argument("<cache>")
    .argument("[keys...]")
    .option("--query <name>", "a query of the cache's configuration, instead of keys")
    .option("--limit <n>", "most keys to take from the query", wholeNumber(1, MAX_LIMIT))
    .action(async (cache: string, keys: string[], options: WarmOptions) => {
      const what = whatToWarm(keys, options);
      const reporter = reporterOf(context, options);
      const progress = reporter.progress("keys", keys.length);
      try {
        const result = await onCluster(options, (cluster) =>
          cluster.cache(cache).warm(what, {
            onProgress: ({ loaded, absent, skipped, failed, total }) =>
              progress.update(loaded + absent + skipped + failed, { total }),
          }),
        );
        progress.finish();
        if (options.json) writeJson(context, result);
        else {
          const { loaded, absent, skipped, failed } = result;
          reporter.line(
            `${formatCount(loaded)} in memory, ${formatCount(absent)} without a row, ` +
              `${formatCount(skipped)} left out for lack of room, ${formatCount(failed)} failed`,
          );
        }
        if (result.failed > 0) context.setExitCode(1);
      } finally {
        progress.finish();
      }
    });
}

function whatToWarm(
  keys: readonly string[],
  { query, limit }: WarmOptions,
): readonly string[] | { readonly query: string; readonly limit?: number } {
  if (query === undefined) {
    if (keys.length === 0) throw new CliError("name the keys to warm, or a query with --query");
    if (limit !== undefined) throw new CliError("--limit goes with --query");
    return keys;
  }
  if (keys.length > 0) throw new CliError("name either keys or a query, not both");
  return limit === undefined ? { query } : { query, limit };
}
