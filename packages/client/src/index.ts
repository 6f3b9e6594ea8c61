export { CacheError, type CacheErrorCode, type Logger, NotOwnerError } from "@holdfast/core";
export type { Cache } from "./cache/cache.js";
export type {
  AckLevel,
  CacheCounters,
  CacheStats,
  CallOptions,
  DeleteOptions,
  FlushOutcome,
  FlushResult,
  LifetimeOptions,
  LoadOptions,
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
} from "./cache/cache-types.js";
export { type BytesOptions, bytes, type Codec, json, msgpack, string } from "./cache/codecs.js";
export type { Compression, CompressionOptions } from "./cache/compression.js";
export type { Duration } from "./cache/duration.js";
export type { LoadMissing } from "./cache/loader-run.js";
export { ManyWritesError } from "./cache/many.js";
export type { ClusterStats, NodeStats } from "./cache/stats.js";
export type { Latency, LatencyBucket } from "./calls/histogram.js";
export type {
  ClientObserver,
  FinishedOperation,
  ObservedNode,
  StartedOperation,
} from "./calls/observer.js";
export type { OperationStats, Outcome } from "./calls/tally.js";
export type { ClientStats } from "./client-stats.js";
export type {
  CacheOptions,
  CloseOptions,
  Cluster,
  KeyLocation,
  MemberSnapshot,
  TopologySnapshot,
} from "./cluster.js";
export { connect } from "./connect.js";
export type { ConnectOptions } from "./options.js";
export type { BreakerState } from "./routing/breaker.js";
export type { MemberState } from "./routing/members.js";
