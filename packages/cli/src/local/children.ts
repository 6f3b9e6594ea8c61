/**
 * What each kind of child process of the local cluster runs, is told through its environment, and
 * tells when it is ready. Nothing here starts anything: local-process.ts does, in the order that
 * local-cluster.ts decides.
 */
import { fileURLToPath } from "node:url";
import type { Clock, MemberAddresses } from "@holdfast/core";
import { NODE_FLAGS } from "@holdfast/node/v8-options";
import type { DataDir } from "./data-dir.js";
import type { ChildMessage, LocalProcessOptions } from "./local-process.js";

/** What all children of one cluster have in common. */
export interface Surroundings {
  readonly cluster: string;
  readonly dataDir: DataDir;
  readonly logLevel: string;
  /** Variables that a child gets besides its settings, by its name. */
  readonly environment: (name: string) => Readonly<Record<string, string>>;
  readonly clock: Clock;
}

export interface Backends {
  readonly etcdEndpoints: readonly string[];
  readonly databaseUrl: string;
}

/** Longest start. The first start of a fresh checkout reads every module from a cold disk. */
const READY_TIMEOUT_MS = 30_000;

/**
 * How long a node that ends tries to hand its partitions to others. When the launcher is killed,
 * everything goes at once, and there is nobody to hand them to; then it flushes all the same.
 */
const DRAIN_TIMEOUT = "20s";

export function registryChild(surroundings: Surroundings): LocalProcessOptions {
  return child(
    surroundings,
    "registry",
    import.meta.resolve("@holdfast/process/embedded-main"),
    {},
  );
}

export interface PostgresChildOptions {
  /** Folder of the server's programs; empty: those of the npm package. */
  readonly binDir: string;
}

export function postgresChild(
  surroundings: Surroundings,
  options: PostgresChildOptions,
): LocalProcessOptions {
  const { dataDir } = surroundings;
  return child(surroundings, "postgres", new URL("./keeper/main.js", import.meta.url).href, {
    HOLDFAST_KEEPER_DATA_DIR: dataDir.postgres,
    HOLDFAST_KEEPER_REMOVE: dataDir.isTemporary ? dataDir.path : "",
    HOLDFAST_POSTGRES_BIN: options.binDir,
  });
}

export interface CoordinatorChildOptions {
  readonly name: string;
  readonly partitions: number;
  readonly backups: number;
  readonly leaseTtl: string;
}

export function coordinatorChild(
  surroundings: Surroundings,
  backends: Backends,
  options: CoordinatorChildOptions,
): LocalProcessOptions {
  const { name, partitions, backups, leaseTtl } = options;
  return child(surroundings, name, import.meta.resolve("@holdfast/coordinator/main"), {
    ...commonEnvironment(surroundings, backends),
    HOLDFAST_COORDINATOR_ID: name,
    HOLDFAST_LISTEN__PORT: "0",
    HOLDFAST_ETCD__LEASE_TTL: leaseTtl,
    HOLDFAST_PARTITIONS: String(partitions),
    HOLDFAST_BACKUPS: String(backups),
    // A node is missed for as long as its lease may outlive it.
    HOLDFAST_MEMBER_TTL: leaseTtl,
  });
}

export interface NodeChildOptions {
  readonly nodeId: string;
  /** Port for clients; 0: any. */
  readonly dataPort: number;
  readonly memory: string;
  readonly leaseTtl: string;
}

export function nodeChild(
  surroundings: Surroundings,
  backends: Backends,
  options: NodeChildOptions,
): LocalProcessOptions {
  const { nodeId, dataPort, memory, leaseTtl } = options;
  const settings = {
    ...commonEnvironment(surroundings, backends),
    HOLDFAST_NODE_ID: nodeId,
    HOLDFAST_LISTEN__DATA_PORT: String(dataPort),
    HOLDFAST_LISTEN__PEER_PORT: "0",
    HOLDFAST_ETCD__LEASE_TTL: leaseTtl,
    HOLDFAST_MEMORY: memory,
    HOLDFAST_JOURNAL__DIR: surroundings.dataDir.journal(nodeId),
    HOLDFAST_DRAIN_TIMEOUT: DRAIN_TIMEOUT,
  };
  const node = import.meta.resolve("@holdfast/node/main");
  return { ...child(surroundings, nodeId, node, settings), flags: NODE_FLAGS };
}

function commonEnvironment(
  { cluster, logLevel }: Surroundings,
  { etcdEndpoints, databaseUrl }: Backends,
): Record<string, string> {
  return {
    HOLDFAST_CLUSTER: cluster,
    HOLDFAST_LISTEN__HOST: "127.0.0.1",
    HOLDFAST_LISTEN__HTTP_PORT: "0",
    // JSON is YAML, and quotes whatever an address may hold.
    HOLDFAST_ETCD__ENDPOINTS: JSON.stringify(etcdEndpoints),
    HOLDFAST_DATABASE__URL: databaseUrl,
    HOLDFAST_LOG__LEVEL: logLevel,
  };
}

function child(
  { dataDir, clock, environment }: Surroundings,
  name: string,
  entryUrl: string,
  settings: Readonly<Record<string, string>>,
): LocalProcessOptions {
  return {
    name,
    entry: fileURLToPath(entryUrl),
    environment: { ...settings, ...environment(name) },
    logFile: dataDir.logFile(name),
    readyTimeoutMs: READY_TIMEOUT_MS,
    clock,
  };
}

export interface NodeReady {
  readonly incarnation: string;
  readonly addresses: MemberAddresses;
}

export function nodeReady(message: ChildMessage): NodeReady {
  const addresses = message.addresses;
  if (typeof addresses !== "object" || addresses === null) {
    throw new Error("a node told no addresses when it was ready");
  }
  const fields = addresses as Readonly<Record<string, unknown>>;
  return {
    incarnation: textField(message, "incarnation"),
    addresses: {
      data: textField(fields, "data"),
      peer: textField(fields, "peer"),
      http: textField(fields, "http"),
    },
  };
}

/** @throws when the message lacks the field: parent and child are of different versions. */
export function textField(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new Error(`a child process told no ${name}`);
  return value;
}
