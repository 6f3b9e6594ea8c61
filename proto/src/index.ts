export { BatchReader } from "./batch-reader.js";
export { BatchWriter, type PlainSet, type ReadTerms } from "./batch-writer.js";
export { completeOperation, completeReply, type StatedOperation } from "./complete.js";
export {
  COMPRESSION_LEVELS,
  type CompressionMethod,
  compress,
  compressionNameOf,
  compressOnPool,
  decompress,
  type EncodedValue,
  hasCompression,
} from "./compression.js";
export type { CompressionLevels, CompressionName } from "./compression-algorithms.js";
export { CODEC, codecOf, compressionOf, MAX_ENCODING } from "./encoding.js";
export type { AdminClient, AdminHandlers } from "./gen/holdfast/v1/Admin.js";
export type {
  ApplyCachesRequest,
  ApplyCachesRequest__Output,
} from "./gen/holdfast/v1/ApplyCachesRequest.js";
export type {
  ApplyCachesResponse,
  ApplyCachesResponse__Output,
} from "./gen/holdfast/v1/ApplyCachesResponse.js";
export type { Batch, Batch__Output } from "./gen/holdfast/v1/Batch.js";
export type { CacheClient, CacheHandlers } from "./gen/holdfast/v1/Cache.js";
export type {
  CacheDefinition,
  CacheDefinition__Output,
} from "./gen/holdfast/v1/CacheDefinition.js";
export type { CacheStats, CacheStats__Output } from "./gen/holdfast/v1/CacheStats.js";
export type { ClearRequest, ClearRequest__Output } from "./gen/holdfast/v1/ClearRequest.js";
export type { ClearResponse, ClearResponse__Output } from "./gen/holdfast/v1/ClearResponse.js";
export type { ClusterConfig, ClusterConfig__Output } from "./gen/holdfast/v1/ClusterConfig.js";
export type { ControlClient, ControlHandlers } from "./gen/holdfast/v1/Control.js";
export type { CurvePoint, CurvePoint__Output } from "./gen/holdfast/v1/CurvePoint.js";
export type { DeadLetter, DeadLetter__Output } from "./gen/holdfast/v1/DeadLetter.js";
export type { DeadLetterName, DeadLetterName__Output } from "./gen/holdfast/v1/DeadLetterName.js";
export type {
  DeleteManyRequest,
  DeleteManyRequest__Output,
} from "./gen/holdfast/v1/DeleteManyRequest.js";
export type { DeleteRequest, DeleteRequest__Output } from "./gen/holdfast/v1/DeleteRequest.js";
export type { DrainProgress, DrainProgress__Output } from "./gen/holdfast/v1/DrainProgress.js";
export type {
  DropDeadLettersResponse,
  DropDeadLettersResponse__Output,
} from "./gen/holdfast/v1/DropDeadLettersResponse.js";
export type { Explanation, Explanation__Output } from "./gen/holdfast/v1/Explanation.js";
export type { GetManyRequest, GetManyRequest__Output } from "./gen/holdfast/v1/GetManyRequest.js";
export type { GetRequest, GetRequest__Output } from "./gen/holdfast/v1/GetRequest.js";
export type { GetResponse, GetResponse__Output } from "./gen/holdfast/v1/GetResponse.js";
export type { Hello, Hello__Output } from "./gen/holdfast/v1/Hello.js";
export type { HelloReply, HelloReply__Output } from "./gen/holdfast/v1/HelloReply.js";
export type {
  IncrementRequest,
  IncrementRequest__Output,
} from "./gen/holdfast/v1/IncrementRequest.js";
export type {
  IncrementResponse,
  IncrementResponse__Output,
} from "./gen/holdfast/v1/IncrementResponse.js";
export type { JournalRecord, JournalRecord__Output } from "./gen/holdfast/v1/JournalRecord.js";
export type {
  ListCachesRequest,
  ListCachesRequest__Output,
} from "./gen/holdfast/v1/ListCachesRequest.js";
export type {
  ListCachesResponse,
  ListCachesResponse__Output,
} from "./gen/holdfast/v1/ListCachesResponse.js";
export type {
  ListDeadLettersResponse,
  ListDeadLettersResponse__Output,
} from "./gen/holdfast/v1/ListDeadLettersResponse.js";
export type { ManyResponse, ManyResponse__Output } from "./gen/holdfast/v1/ManyResponse.js";
export type { MissRatioCurve, MissRatioCurve__Output } from "./gen/holdfast/v1/MissRatioCurve.js";
export type { NodeAdminHandlers } from "./gen/holdfast/v1/NodeAdmin.js";
export type { Operation, Operation__Output } from "./gen/holdfast/v1/Operation.js";
export type { OperatorHandlers } from "./gen/holdfast/v1/Operator.js";
export type { PartitionTerm, PartitionTerm__Output } from "./gen/holdfast/v1/PartitionTerm.js";
export type { PeerClient, PeerHandlers } from "./gen/holdfast/v1/Peer.js";
export type {
  ProposeInSyncRequest,
  ProposeInSyncRequest__Output,
} from "./gen/holdfast/v1/ProposeInSyncRequest.js";
export type {
  ProposeInSyncResponse,
  ProposeInSyncResponse__Output,
} from "./gen/holdfast/v1/ProposeInSyncResponse.js";
export type { ReleaseRequest, ReleaseRequest__Output } from "./gen/holdfast/v1/ReleaseRequest.js";
export type {
  ReleaseResponse,
  ReleaseResponse__Output,
} from "./gen/holdfast/v1/ReleaseResponse.js";
export type {
  RemoveInSyncRequest,
  RemoveInSyncRequest__Output,
} from "./gen/holdfast/v1/RemoveInSyncRequest.js";
export type {
  RemoveInSyncResponse,
  RemoveInSyncResponse__Output,
} from "./gen/holdfast/v1/RemoveInSyncResponse.js";
export type { ReplayRequest, ReplayRequest__Output } from "./gen/holdfast/v1/ReplayRequest.js";
export type { ReplayResponse, ReplayResponse__Output } from "./gen/holdfast/v1/ReplayResponse.js";
export type { ReplicaBatch, ReplicaBatch__Output } from "./gen/holdfast/v1/ReplicaBatch.js";
export type { ReplicaReply, ReplicaReply__Output } from "./gen/holdfast/v1/ReplicaReply.js";
export type { Replies, Replies__Output } from "./gen/holdfast/v1/Replies.js";
export type { Reply, Reply__Output } from "./gen/holdfast/v1/Reply.js";
export type {
  ReportExitRequest,
  ReportExitRequest__Output,
} from "./gen/holdfast/v1/ReportExitRequest.js";
export type {
  ReportExitResponse,
  ReportExitResponse__Output,
} from "./gen/holdfast/v1/ReportExitResponse.js";
export type {
  ReportFencedRequest,
  ReportFencedRequest__Output,
} from "./gen/holdfast/v1/ReportFencedRequest.js";
export type {
  ReportFencedResponse,
  ReportFencedResponse__Output,
} from "./gen/holdfast/v1/ReportFencedResponse.js";
export type {
  RequestTermRequest,
  RequestTermRequest__Output,
} from "./gen/holdfast/v1/RequestTermRequest.js";
export type {
  RequestTermResponse,
  RequestTermResponse__Output,
} from "./gen/holdfast/v1/RequestTermResponse.js";
export type {
  RetriedDeadLetter,
  RetriedDeadLetter__Output,
} from "./gen/holdfast/v1/RetriedDeadLetter.js";
export type {
  RetryDeadLettersResponse,
  RetryDeadLettersResponse__Output,
} from "./gen/holdfast/v1/RetryDeadLettersResponse.js";
export type { SetManyRequest, SetManyRequest__Output } from "./gen/holdfast/v1/SetManyRequest.js";
export type { SetRequest, SetRequest__Output } from "./gen/holdfast/v1/SetRequest.js";
export type { StatsRequest, StatsRequest__Output } from "./gen/holdfast/v1/StatsRequest.js";
export type { StatsResponse, StatsResponse__Output } from "./gen/holdfast/v1/StatsResponse.js";
export type { StatusRequest, StatusRequest__Output } from "./gen/holdfast/v1/StatusRequest.js";
export type { StatusResponse, StatusResponse__Output } from "./gen/holdfast/v1/StatusResponse.js";
export type { TopologyClient, TopologyHandlers } from "./gen/holdfast/v1/Topology.js";
export type { TopologyState, TopologyState__Output } from "./gen/holdfast/v1/TopologyState.js";
export type { TopologyView, TopologyView__Output } from "./gen/holdfast/v1/TopologyView.js";
export type { TouchRequest, TouchRequest__Output } from "./gen/holdfast/v1/TouchRequest.js";
export type { TouchResponse, TouchResponse__Output } from "./gen/holdfast/v1/TouchResponse.js";
export type { WarmProgress, WarmProgress__Output } from "./gen/holdfast/v1/WarmProgress.js";
export type { WarmRequest, WarmRequest__Output } from "./gen/holdfast/v1/WarmRequest.js";
export type {
  WatchTopologyRequest,
  WatchTopologyRequest__Output,
} from "./gen/holdfast/v1/WatchTopologyRequest.js";
export type { WriteResponse, WriteResponse__Output } from "./gen/holdfast/v1/WriteResponse.js";
export { MessageReader, writeMessage } from "./length-prefixed.js";
export type { PipeCodec } from "./pipe-codec.js";
export { MAX_TOPOLOGY_MESSAGE_BYTES, PROTOCOL_VERSION } from "./protocol.js";
export { ReplyReader } from "./reply-reader.js";
export { type Hit, MESSAGE_BYTES, ReplyWriter } from "./reply-writer.js";
export {
  Admin,
  Cache,
  Control,
  NodeAdmin,
  Operator,
  PACKAGE_DEFINITION,
  Peer,
  pipeCodec,
  Topology,
} from "./services.js";
export {
  errorOfReply,
  fromServiceError,
  isFromHandler,
  type Retry,
  toErrorReply,
  toStatusObject,
  WIRE_FORMS,
} from "./status.js";
export {
  decodeTopology,
  encodeTopology,
  topologyFromMessage,
  topologyToMessage,
} from "./topology-codec.js";
