/** `holdfast get|set|delete`: single entries, through the SDK like any service. */
import { type Cluster, connect, json, string } from "@holdfast/client";
import type { Command } from "commander";
import { CliError } from "../cli-error.js";
import {
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  seedsOf,
  writeJson,
} from "./context.js";

interface ValueOptions extends ClusterOptions {
  /** Values are text as it is, instead of JSON. */
  readonly string: boolean;
}

interface SetOptions extends ValueOptions {
  readonly ttl?: string;
}

export function getCommand(context: CliContext): Command {
  return withCodec(clusterCommand("get", "print the value of a key"))
    .argument("<cache>")
    .argument("<key>")
    .action(async (cache: string, key: string, options: ValueOptions) => {
      const meta = await onCluster(options, (cluster) =>
        cluster.cache(cache, { codec: codecOf(options) }).getWithMeta(key),
      );
      if (options.json) writeJson(context, { found: meta.value !== undefined, ...meta });
      else if (meta.value === undefined) context.stderr.write("there is no such key\n");
      else context.stdout.write(`${show(meta.value)}\n`);
    });
}

export function setCommand(context: CliContext): Command {
  return withCodec(clusterCommand("set", "write the value of a key"))
    .argument("<cache>")
    .argument("<key>")
    .argument("<value>", "JSON, or with --string any text")
    .option("--ttl <duration>", "lifetime, for instance 90s, 5m or 2h (default: the cache's own)")
    .action(async (cache: string, key: string, text: string, options: SetOptions) => {
      const value = parseValue(text, options);
      const lifetime = options.ttl === undefined ? {} : { ttl: options.ttl };
      const receipt = await onCluster(options, (cluster) =>
        cluster.cache(cache, { codec: codecOf(options) }).set(key, value, lifetime),
      );
      if (options.json) writeJson(context, receipt);
      else context.stdout.write(`written, version ${receipt.version}\n`);
    });
}

export function deleteCommand(context: CliContext): Command {
  return clusterCommand("delete", "delete a key; in a read-through cache: drop the cached entry")
    .argument("<cache>")
    .argument("<key>")
    .action(async (cache: string, key: string, options: ClusterOptions) => {
      const receipt = await onCluster(options, (cluster) => cluster.cache(cache).delete(key));
      if (options.json) writeJson(context, receipt);
      else context.stdout.write(`deleted, version ${receipt.version}\n`);
    });
}

function withCodec(command: Command): Command {
  return command.option("--string", "the value is text as it is, not JSON", false);
}

function codecOf(options: ValueOptions) {
  return options.string ? string() : json<unknown>();
}

function parseValue(text: string, options: ValueOptions): unknown {
  if (options.string) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CliError("the value is not JSON; quote text like '\"this\"', or use --string");
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Connects, works, and closes whatever happened. */
export async function onCluster<Result>(
  options: ClusterOptions,
  work: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = await connect({ seeds: seedsOf(options) });
  try {
    return await work(cluster);
  } finally {
    await cluster.close();
  }
}
