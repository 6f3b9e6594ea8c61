/** `holdfast caches`: the definitions of caches, from a file and as they are. */
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { stringify } from "yaml";
import { CliError } from "../cli-error.js";
import { applyCaches, type CacheDefinitionInput, listCaches } from "../rpc/operations.js";
import {
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  coordinatorOf,
  viewOf,
  writeJson,
} from "./context.js";

export function cachesCommand(context: CliContext): Command {
  return new Command("caches")
    .description("create, change and list caches")
    .addCommand(applyCommand(context))
    .addCommand(listCommand(context));
}

/** The definitions of a YAML file. All its problems are told at once. */
export async function readCachesFile(file: string): Promise<readonly CacheDefinitionInput[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`cannot read ${file}: ${error.code ?? error.message}`);
  });
  const { parseCachesFile } = await import("@holdfast/process");
  return parseCachesFile(text, file);
}

function applyCommand(context: CliContext): Command {
  return clusterCommand("apply", "create or change the caches of a YAML file; others stay")
    .argument("<file>", "YAML of the form `caches: {<name>: {pattern: …}}`")
    .action(async (file: string, options: ClusterOptions) => {
      const caches = await readCachesFile(file);
      const coordinator = coordinatorOf(context, await viewOf(context, options));
      const { applied } = await applyCaches(coordinator, caches);
      const changes = applied.map(({ cache, change }) => ({
        name: cache?.name ?? "",
        change: change.toLowerCase(),
        revision: cache?.revision ?? 0,
      }));
      if (options.json) writeJson(context, { applied: changes });
      for (const { name, change } of options.json ? [] : changes) {
        context.stdout.write(`${name}: ${change}\n`);
      }
    });
}

function listCommand(context: CliContext): Command {
  return clusterCommand("list", "print the caches in the form of the YAML file").action(
    async (options: ClusterOptions) => {
      const coordinator = coordinatorOf(context, await viewOf(context, options));
      const { caches } = await listCaches(coordinator);
      const definitions = caches
        .map(({ name, configJson, id, revision }) => ({
          name,
          id,
          revision,
          config: JSON.parse(configJson) as unknown,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      if (options.json) writeJson(context, { caches: definitions });
      else {
        const byName = Object.fromEntries(definitions.map(({ name, config }) => [name, config]));
        context.stdout.write(stringify({ caches: byName }));
      }
    },
  );
}
