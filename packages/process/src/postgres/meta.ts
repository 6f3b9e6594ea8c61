/**
 * What the cluster is, as the database remembers it: so that a registry that was lost can be made
 * again, and so that two clusters never write into one schema.
 */
import { type ClusterConfig, IncompatibleClusterError } from "@holdfast/core";
import type { Database } from "./database.js";

/** `undefined` until a cluster has been created. @throws {DatabaseError} */
export async function readMeta(database: Database): Promise<ClusterConfig | undefined> {
  const { rows } = await database.query<ClusterConfig>({
    name: "holdfast-read-meta",
    text: `
      SELECT cluster_id AS "clusterId", schema_version AS "formatVersion", partitions,
        hash_algorithm AS "hashAlgorithm", hash_seed AS "hashSeed"
      FROM holdfast_meta`,
    values: [],
  });
  return rows[0];
}

/**
 * Remembers what the cluster is, unless something is remembered already. Returns what is
 * remembered; whether that agrees is for the caller to check.
 *
 * @throws {DatabaseError}
 */
export async function writeMeta(database: Database, config: ClusterConfig): Promise<ClusterConfig> {
  await database.query({
    name: "holdfast-write-meta",
    text: `
      INSERT INTO holdfast_meta
        (cluster_id, schema_version, partitions, hash_algorithm, hash_seed)
      VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    values: [
      config.clusterId,
      config.formatVersion,
      config.partitions,
      config.hashAlgorithm,
      config.hashSeed,
    ],
  });
  const stored = await readMeta(database);
  if (stored === undefined) throw new Error("holdfast_meta lost the row that was just written");
  return stored;
}

const FIELDS = [
  "clusterId",
  "formatVersion",
  "partitions",
  "hashAlgorithm",
  "hashSeed",
] as const satisfies readonly (keyof ClusterConfig)[];

/** @throws {IncompatibleClusterError} that names each difference, when the schema belongs to another cluster. */
export function checkMeta(stored: ClusterConfig, expected: ClusterConfig): void {
  const differences = FIELDS.filter((field) => stored[field] !== expected[field]).map(
    (field) => `${field} is ${stored[field]} there and ${expected[field]} here`,
  );
  if (differences.length === 0) return;
  throw new IncompatibleClusterError(
    `the database schema belongs to another cluster: ${differences.join(", ")}; ` +
      "give each cluster a schema of its own",
  );
}
