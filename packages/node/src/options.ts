/**
 * The settings of a node process: names in its YAML file, defaults and ranges. What must be equal
 * in the whole cluster (partitions, hash) is not here: it lies in the registry.
 */
import { hostname } from "node:os";
import {
  byteSize,
  clusterName,
  type DatabaseSettings,
  databaseSchema,
  duration,
  type EtcdSettings,
  etcdSchema,
  type LogSettings,
  logSchema,
  port,
} from "@holdfast/process";
import { z } from "zod";
import { MAX_MEMORY_BYTES } from "./store/pages.js";

export interface JournalSettings {
  /** Folder of this node's own, on a disk that outlives the process. Made when missing. */
  readonly dir: string;
  /** Whether a record must be on the disk itself: survives the machine, at the disk's pace. */
  readonly fsync: boolean;
}

export interface NodeOptions {
  /** Name of the cluster; processes of one name and one etcd belong together. */
  readonly cluster: string;
  /** Stable name of this node, unique in the cluster. Default: the host's name. */
  readonly nodeId: string;
  readonly listen: {
    readonly host: string;
    /** For clients. */
    readonly dataPort: number;
    /** For other nodes and coordinators. */
    readonly peerPort: number;
    /** For probes and metrics. */
    readonly httpPort: number;
    /** What others are told to connect to. Default: `host`. */
    readonly advertiseHost: string;
  };
  /** Failure domain. Default: none. */
  readonly zone: string;
  /** Share of partitions relative to other nodes. */
  readonly weight: number;
  /** Memory for entries, counted with their overhead. When full, entries are evicted. */
  readonly memoryBytes: number;
  readonly etcd: EtcdSettings;
  /** Absent: only cache-aside caches can be served. */
  readonly database: DatabaseSettings | undefined;
  /** Absent: dirty entries live in memory alone, and no cache may acknowledge from a journal. */
  readonly journal: JournalSettings | undefined;
  readonly log: LogSettings;
  /** Whether tools may ask the ports what they serve. */
  readonly reflection: boolean;
  /** How long the node goes on serving without having read the topology. */
  readonly outageMaxMs: number;
  /** How long a stopping node takes for handing over and flushing. */
  readonly drainTimeoutMs: number;
  /** Clean entries that are compared with their rows, each second. 0: none. */
  readonly checksPerSecond: number;
}

export const nodeOptions: z.ZodType<NodeOptions> = z
  .strictObject({
    cluster: clusterName().default("holdfast"),
    nodeId: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, {
        error: "must be letters, digits, dots, _ and -, at most 128",
      })
      .prefault(() => hostname()),
    listen: z
      .strictObject({
        host: z.string().min(1).default("127.0.0.1"),
        dataPort: port().default(7400),
        peerPort: port().default(7401),
        httpPort: port().default(7402),
        advertiseHost: z.string().min(1).optional(),
      })
      .prefault({}),
    zone: z.string().max(128).default(""),
    weight: z.int().min(1).max(1_000).default(1),
    memory: byteSize({ minBytes: 2 ** 20, maxBytes: MAX_MEMORY_BYTES }).default(256 * 2 ** 20),
    etcd: etcdSchema,
    database: databaseSchema.optional(),
    journal: z
      .strictObject({ dir: z.string().min(1), fsync: z.boolean().default(false) })
      .optional(),
    log: logSchema,
    reflection: z.boolean().default(true),
    outageMax: duration({ minMs: 10_000, maxMs: 86_400_000 }).default(600_000),
    drainTimeout: duration({ minMs: 1_000, maxMs: 3_600_000 }).default(60_000),
    checksPerSecond: z.int().min(0).max(1_000).default(20),
  })
  .transform(({ listen, memory, outageMax, drainTimeout, database, journal, ...rest }) => ({
    ...rest,
    database,
    journal,
    listen: { ...listen, advertiseHost: listen.advertiseHost ?? listen.host },
    memoryBytes: memory,
    outageMaxMs: outageMax,
    drainTimeoutMs: drainTimeout,
  }));
