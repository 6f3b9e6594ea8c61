export { CacheError, type CacheErrorCode, type Logger, NotOwnerError } from "@holdfast/core";
export type { Cache } from "./cache.js";
export type {
  AckLevel,
  CacheCounters,
  CacheStats,
  CallOptions,
  DeleteOptions,
  LifetimeOptions,
  ReadOptions,
  ReadResult,
  SetOptions,
  UpdateOptions,
  UpdateResult,
  WarmOptions,
  WarmProgress,
  WarmTarget,
  WriteOptions,
  WriteReceipt,
} from "./cache-types.js";
export type {
  CacheOptions,
  CloseOptions,
  Cluster,
  KeyLocation,
  MemberSnapshot,
  TopologySnapshot,
} from "./cluster.js";
export { bytes, type Codec, json, msgpack, string } from "./codecs.js";
export { connect } from "./connect.js";
export type { Duration } from "./duration.js";
export { ManyWritesError } from "./many.js";
export type { ConnectOptions } from "./options.js";
export type { ClusterStats, NodeStats } from "./stats.js";
