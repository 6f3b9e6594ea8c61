export { type BackoffOptions, backoffMs } from "./backoff.js";
export { type CancelTimer, type Clock, delay, systemClock } from "./clock.js";
export {
  type ClusterConfig,
  checkClusterConfig,
  FORMAT_VERSION,
  IncompatibleClusterError,
} from "./cluster-config.js";
export { type Component, ComponentGroup } from "./component.js";
export {
  CACHE_ERROR_CODES,
  CacheError,
  type CacheErrorCode,
  MAX_LOAD_ERROR_LENGTH,
  NotOwnerError,
  type OwnerHint,
} from "./errors.js";
export { HASH_ALGORITHM, hash32, hash32OfWords } from "./hash.js";
export { type Logger, silentLogger } from "./logger.js";
export {
  DEFAULT_PARTITIONS,
  decodeKey,
  encodeKey,
  isPartitionCount,
  isWellFormed,
  MAX_KEY_BYTES,
  MAX_PARTITIONS,
  MAX_VALUE_BYTES,
  MIN_PARTITIONS,
  type Placement,
  partitionOf,
  partitionOfHash,
  partitionOfKey,
} from "./partitions.js";
export { type Random, systemRandom } from "./random.js";
export { type RetryOptions, retry } from "./retry.js";
export {
  findMember,
  type Incarnation,
  type Member,
  type MemberAddresses,
  type MemberState,
  type Partition,
  type Topology,
  UNOWNED_PARTITION,
} from "./topology.js";
export {
  ABSENT_VERSION,
  MAX_SEQUENCE,
  MAX_TERM,
  makeVersion,
  SEQUENCE_RENEWAL,
  sequenceOf,
  termOf,
  UNVERSIONED_ROW,
} from "./version.js";
export { viewOf } from "./views.js";
