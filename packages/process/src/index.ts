export {
  CACHE_NAME,
  CACHE_PATTERNS,
  type CacheConfig,
  type CacheFileEntry,
  type CachePattern,
  EVICTION_POLICY_NAMES,
  type EvictionPolicyName,
  parseCacheConfig,
  parseCachesFile,
  type SourceConfig,
  WRITE_BEHIND_ACKS,
  type WriteBehindAck,
  type WriteBehindConfig,
} from "./config/cache-config.js";
export { ConfigError, type ConfigProblem } from "./config/config-error.js";
export { type LoadConfigOptions, loadConfig } from "./config/load-config.js";
export {
  clusterName,
  type DatabaseSettings,
  databaseSchema,
  type EtcdSettings,
  type EtcdTlsSettings,
  etcdSchema,
  type LogLevel,
  type LogSettings,
  logSchema,
  port,
  SQL_IDENTIFIER,
  sqlIdentifier,
} from "./config/shared-options.js";
export {
  type ByteSizeRange,
  byteSize,
  type DurationRange,
  duration,
  formatByteSize,
  formatDuration,
  parseByteSize,
  parseDuration,
} from "./config/units.js";
export { type ServerChannelOptions, serverChannelOptions } from "./grpc/channel-options.js";
export type { MessageStream } from "./grpc/direct-streams.js";
export { GrpcServer, type GrpcServerOptions, type GrpcService } from "./grpc/grpc-server.js";
export { createTopologyService, type TopologyViews } from "./grpc/topology-service.js";
export { type CallContext, type UnaryOptions, unary } from "./grpc/unary.js";
export { joinAddress } from "./ops/listening.js";
export { createLogger, type LoggerOptions, type ProcessLogger } from "./ops/logging.js";
export { OpsServer, type OpsServerOptions, type Readiness } from "./ops/ops-server.js";
export { type ParentChannel, ParentLink } from "./ops/parent-link.js";
export {
  type RunningProcess,
  type RunProcessOptions,
  runProcess,
  type StartContext,
} from "./ops/run-process.js";
export { assignCacheIds } from "./postgres/cache-ids.js";
export {
  type Database,
  type DatabaseOptions,
  openDatabase,
  type QueryOptions,
  type QueryResult,
  type Session,
  type Statement,
} from "./postgres/database.js";
export {
  DatabaseError,
  type DatabaseErrorDetails,
  type DatabaseErrorKind,
} from "./postgres/database-error.js";
export { type Floor, readFloor, reserveFloor } from "./postgres/floor.js";
export { quoteIdentifier } from "./postgres/identifiers.js";
export { applicationNameOf, fence, registerIncarnation } from "./postgres/incarnations.js";
export { checkMeta, readMeta, writeMeta } from "./postgres/meta.js";
export { migrate, pendingMigrations } from "./postgres/migrate.js";
export type { Fault } from "./postgres/sqlstate.js";
export {
  readTombstonesGoneUntil,
  removeTombstones,
  TOMBSTONE_TABLES,
  type TombstonePlace,
  type TombstoneSlice,
  type TombstoneTable,
} from "./postgres/tombstones.js";
export { createEtcdRegistry, type EtcdRegistryOptions } from "./registry/etcd-registry.js";
export { LeaseKeeper, type LeaseKeeperOptions } from "./registry/lease-keeper.js";
export { openRegistry, type RegistrySurroundings } from "./registry/open-registry.js";
export {
  CACHES_PREFIX,
  type CacheRecord,
  CONFIG_KEY,
  COORDINATOR_KEY,
  type CoordinatorRecord,
  decodeCache,
  decodeClusterConfig,
  decodeCoordinator,
  decodeMember,
  encodeRecord,
  MEMBERS_PREFIX,
  type MemberRecord,
  TOPOLOGY_KEY,
} from "./registry/records.js";
export {
  type Compare,
  type Lease,
  LeaseGoneError,
  type Registry,
  type RegistryEntry,
  type RegistrySnapshot,
  RegistryUnavailableError,
  type RegistryWatch,
  type TransactionResult,
  type Write,
} from "./registry/registry.js";
