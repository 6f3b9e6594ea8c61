export { LocalCluster, type LocalClusterOptions } from "./local/local-cluster.js";
export type { RunningNode } from "./local/local-node.js";
export type { ProcessExit } from "./local/local-process.js";
export { type LocalPostgres, type PostgresOptions, startPostgres } from "./local/postgres.js";
