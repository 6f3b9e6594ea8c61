/** The settings of a coordinator process: meaning, unit, default and range of each. */

import { DEFAULT_PARTITIONS, isPartitionCount } from "@holdfast/core";
import {
  clusterName,
  type DatabaseSettings,
  databaseSchema,
  duration,
  type EtcdSettings,
  etcdSchema,
  type LoadConfigOptions,
  type LogSettings,
  loadConfig,
  logSchema,
  port,
} from "@holdfast/process";
import { z } from "zod";

export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
  /** Under which nodes and clients reach this process; undefined: `host`. */
  readonly advertiseHost: string | undefined;
}

export interface CoordinatorOptions {
  readonly cluster: string;
  /** Undefined: made of the machine's name and the process id. */
  readonly coordinatorId: string | undefined;
  readonly listen: ListenSettings;
  readonly etcd: EtcdSettings;
  readonly database: DatabaseSettings | undefined;
  readonly log: LogSettings;
  readonly partitions: number;
  readonly tokensPerWeight: number;
  readonly memberTtlMs: number;
  readonly releaseTimeoutMs: number;
  readonly moveBatch: number;
  readonly backups: number;
  /** Infinity: for ever. */
  readonly recoveryWaitMs: number;
  readonly tombstoneRetentionMs: number;
  readonly reflection: boolean;
}

export const coordinatorOptionsSchema: z.ZodType<CoordinatorOptions> = z
  .strictObject({
    /** Name of the cluster in etcd; several may share one etcd. */
    cluster: clusterName().default("holdfast"),
    /** Name of this process in logs and in the registry. */
    coordinatorId: z.string().min(1).max(253).optional(),
    listen: z
      .strictObject({
        host: z.string().min(1).default("127.0.0.1"),
        /** For gRPC. 0 lets the system choose. */
        port: port().default(7_410),
        /** For health and metrics. 0 lets the system choose. */
        httpPort: port().default(7_411),
        /** Needed where `host` is an address to bind to and not one to reach, such as 0.0.0.0. */
        advertiseHost: z.string().min(1).optional(),
      })
      .prefault({}),
    etcd: etcdSchema,
    /** Remembers what the cluster is, and which epochs and terms were used. Without it, a registry
     * that loses its data starts from the beginning. */
    database: databaseSchema.optional(),
    log: logSchema,
    /** Of a cluster that does not exist yet; a power of two. It cannot be changed afterwards. */
    partitions: z
      .int()
      .refine(isPartitionCount, { error: "must be a power of two from 2 to 16384" })
      .default(DEFAULT_PARTITIONS),
    /** Tokens on the ring for each unit of a node's weight. Another number moves partitions. */
    tokensPerWeight: z.int().min(1).max(4_096).default(128),
    /** Absence after which a node counts as dead whose registration was not seen to end. At least
     * the lease TTL of the nodes, else one that still serves could be replaced. */
    memberTtl: duration({ minMs: 2_000, maxMs: 600_000 }).default(5_000),
    /** Longest wait for an owner's answer to a release. It flushes first, and then holds operations
     * up for half a second at most. */
    releaseTimeout: duration({ minMs: 100, maxMs: 60_000 }).default(3_000),
    /** Most partitions that are on their way from one node to another at once. */
    moveBatch: z.int().min(1).max(16_384).default(64),
    /** Other nodes that have a copy of each dirty entry. Fewer where there are not enough nodes. */
    backups: z.int().min(0).max(2).default(1),
    /** How long a partition whose owner and backups are all gone waits for one of their journals to be
     * replayed before it is served as the database has it. */
    recoveryWait: z
      .union([z.literal("forever"), duration({ minMs: 0, maxMs: 86_400_000 })], {
        error: 'must be a duration of at most a day, such as "60s", or "forever"',
      })
      .default(60_000),
    /** How long the database remembers that a key was deleted. A write that comes back from a journal
     * later than that, to a key without a row, becomes a dead letter: so longer than any node with a
     * journal stays away. */
    tombstoneRetention: duration({ minMs: 3_600_000, maxMs: 366 * 86_400_000 }).default(
      7 * 86_400_000,
    ),
    /** Whether gRPC tools may ask what is served here. Off in production. */
    reflection: z.boolean().default(true),
  })
  .transform((parsed) => {
    const { memberTtl, releaseTimeout, recoveryWait, tombstoneRetention, ...rest } = parsed;
    const { listen, coordinatorId, database } = rest;
    return {
      ...rest,
      coordinatorId,
      database,
      listen: { ...listen, advertiseHost: listen.advertiseHost },
      memberTtlMs: memberTtl,
      releaseTimeoutMs: releaseTimeout,
      recoveryWaitMs: recoveryWait === "forever" ? Number.POSITIVE_INFINITY : recoveryWait,
      tombstoneRetentionMs: tombstoneRetention,
    };
  });

/** @throws {ConfigError} with every problem. */
export function loadCoordinatorOptions(options: LoadConfigOptions = {}): CoordinatorOptions {
  return loadConfig(coordinatorOptionsSchema, options);
}
