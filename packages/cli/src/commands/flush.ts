/** `holdfast flush`: brings acknowledged writes to the database now, and says what became of them. */
import type { FlushResult } from "@holdfast/client";
import type { Command } from "commander";
import { formatCount } from "../terminal/reporter.js";
import { type CliContext, type ClusterOptions, clusterCommand, writeJson } from "./context.js";
import { onCluster } from "./entries.js";
import { tellWaiting } from "./tell-waiting.js";

interface FlushOptions extends ClusterOptions {
  readonly timeout: string;
}

export function flushCommand(context: CliContext): Command {
  return clusterCommand("flush", "send dirty entries to the database now: those of keys, or all")
    .argument("<cache>")
    .argument("[keys...]")
    .option("--timeout <duration>", "longest wait, for instance 30s or 5m", "30s")
    .action(async (cache: string, keys: string[], options: FlushOptions) => {
      const { timeout } = options;
      const result = await onCluster(options, (cluster) => {
        const flushed = cluster.cache(cache);
        const flush =
          keys.length === 0 ? flushed.flush({ timeout }) : flushed.flush(keys, { timeout });
        return tellWaiting(flush, flushed, context);
      });
      if (options.json) writeJson(context, { ...result, keys: Object.fromEntries(result.keys) });
      else context.stdout.write(describe(result));
      if (result.refused + result.dirty > 0) context.setExitCode(1);
    });
}

function describe({ persisted, refused, dirty, keys }: FlushResult): string {
  const lines = [...keys].map(([key, outcome]) => `${key}: ${outcome}`);
  const sum =
    `${formatCount(persisted)} persisted, ${formatCount(refused)} refused by the database, ` +
    `${formatCount(dirty)} still dirty`;
  return `${[...lines, sum].join("\n")}\n`;
}
