/**
 * The values under a cluster's prefix, but for the topology, which proto encodes: their keys,
 * their JSON forms, and the checks on what was read. Fields that are not known are dropped, so
 * that an older process can read what a newer one wrote.
 */
import type { ClusterConfig, Incarnation, MemberAddresses, MemberState } from "@holdfast/core";
import { z } from "zod";

export const CONFIG_KEY = "config";
export const TOPOLOGY_KEY = "topology";
export const COORDINATOR_KEY = "coordinator";
export const MEMBERS_PREFIX = "members/";
export const CACHES_PREFIX = "caches/";

/** What a node says of itself, under its lease. */
export interface MemberRecord {
  readonly nodeId: string;
  readonly incarnation: Incarnation;
  readonly addresses: MemberAddresses;
  readonly zone: string;
  readonly weight: number;
  readonly state: Exclude<MemberState, "dead">;
  /** Versions of the wire protocol that it speaks. */
  readonly protocolMin: number;
  readonly protocolMax: number;
  /** The highest epoch that it has read. */
  readonly topologyEpoch: number;
  /** Incarnations whose journals it holds. */
  readonly journalIncarnations: readonly Incarnation[];
  /** Incarnations that serve nothing any more, because this one has taken their place. */
  readonly succeeds?: readonly Incarnation[] | undefined;
}

/** Who leads, under its lease. */
export interface CoordinatorRecord {
  readonly coordinatorId: string;
  /** `host:port` of its gRPC services. */
  readonly address: string;
}

/** A cache's definition. `config` is in the form in which it is written in YAML. */
export interface CacheRecord {
  readonly id: number;
  readonly revision: number;
  readonly config: unknown;
}

const memberSchema = z.object({
  nodeId: z.string().min(1),
  incarnation: z.guid(),
  addresses: z.object({ data: z.string(), peer: z.string(), http: z.string() }),
  zone: z.string(),
  weight: z.int().min(1),
  state: z.enum(["active", "draining"]),
  protocolMin: z.int(),
  protocolMax: z.int(),
  topologyEpoch: z.int().min(0),
  journalIncarnations: z.array(z.guid()),
  succeeds: z.array(z.guid()).optional(),
});

const coordinatorSchema = z.object({ coordinatorId: z.string(), address: z.string() });

const configSchema = z.object({
  clusterId: z.string().min(1),
  formatVersion: z.int(),
  partitions: z.int(),
  hashAlgorithm: z.string(),
  hashSeed: z.int(),
});

const cacheSchema = z.object({ id: z.int(), revision: z.int(), config: z.unknown() });

export function encodeRecord(
  record: MemberRecord | CoordinatorRecord | ClusterConfig | CacheRecord,
): string {
  return JSON.stringify(record);
}

/** Each throws an Error that names the field when the bytes are not such a record. */
export function decodeMember(value: Buffer): MemberRecord {
  return decode(memberSchema, value, "member");
}

export function decodeCoordinator(value: Buffer): CoordinatorRecord {
  return decode(coordinatorSchema, value, "coordinator");
}

export function decodeClusterConfig(value: Buffer): ClusterConfig {
  return decode(configSchema, value, "config");
}

export function decodeCache(value: Buffer): CacheRecord {
  const { id, revision, config } = decode(cacheSchema, value, "cache");
  return { id, revision, config };
}

function decode<Schema extends z.ZodType>(
  schema: Schema,
  value: Buffer,
  what: string,
): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(value.toString("utf8"));
  } catch (error) {
    throw new Error(`the ${what} record in the registry is not JSON`, { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new Error(
    `the ${what} record in the registry is invalid: ${z.prettifyError(parsed.error)}`,
  );
}
