// Original file: holdfast/v1/peer.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Batch as _holdfast_v1_Batch, Batch__Output as _holdfast_v1_Batch__Output } from '../../holdfast/v1/Batch.js';
import type { ReleaseRequest as _holdfast_v1_ReleaseRequest, ReleaseRequest__Output as _holdfast_v1_ReleaseRequest__Output } from '../../holdfast/v1/ReleaseRequest.js';
import type { ReleaseResponse as _holdfast_v1_ReleaseResponse, ReleaseResponse__Output as _holdfast_v1_ReleaseResponse__Output } from '../../holdfast/v1/ReleaseResponse.js';
import type { ReplayRequest as _holdfast_v1_ReplayRequest, ReplayRequest__Output as _holdfast_v1_ReplayRequest__Output } from '../../holdfast/v1/ReplayRequest.js';
import type { ReplayResponse as _holdfast_v1_ReplayResponse, ReplayResponse__Output as _holdfast_v1_ReplayResponse__Output } from '../../holdfast/v1/ReplayResponse.js';
import type { ReplicaBatch as _holdfast_v1_ReplicaBatch, ReplicaBatch__Output as _holdfast_v1_ReplicaBatch__Output } from '../../holdfast/v1/ReplicaBatch.js';
import type { ReplicaReply as _holdfast_v1_ReplicaReply, ReplicaReply__Output as _holdfast_v1_ReplicaReply__Output } from '../../holdfast/v1/ReplicaReply.js';
import type { Replies as _holdfast_v1_Replies, Replies__Output as _holdfast_v1_Replies__Output } from '../../holdfast/v1/Replies.js';

export interface PeerClient extends grpc.Client {
  /**
   * Operations that another node received but does not own. They are never passed on again.
   */
  Forward(argument: _holdfast_v1_Batch, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  Forward(argument: _holdfast_v1_Batch, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  Forward(argument: _holdfast_v1_Batch, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  Forward(argument: _holdfast_v1_Batch, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  /**
   * Operations that another node received but does not own. They are never passed on again.
   */
  forward(argument: _holdfast_v1_Batch, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  forward(argument: _holdfast_v1_Batch, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  forward(argument: _holdfast_v1_Batch, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  forward(argument: _holdfast_v1_Batch, callback: grpc.requestCallback<_holdfast_v1_Replies__Output>): grpc.ClientUnaryCall;
  
  /**
   * A planned change of owner, to a member that has everything: finish, and admit nothing more.
   */
  Release(argument: _holdfast_v1_ReleaseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  Release(argument: _holdfast_v1_ReleaseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  Release(argument: _holdfast_v1_ReleaseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  Release(argument: _holdfast_v1_ReleaseRequest, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  /**
   * A planned change of owner, to a member that has everything: finish, and admit nothing more.
   */
  release(argument: _holdfast_v1_ReleaseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  release(argument: _holdfast_v1_ReleaseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  release(argument: _holdfast_v1_ReleaseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  release(argument: _holdfast_v1_ReleaseRequest, callback: grpc.requestCallback<_holdfast_v1_ReleaseResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Acknowledged writes out of a journal, for their present owner. What it answers is for the journal:
   * a record may be forgotten once the database has it.
   */
  Replay(argument: _holdfast_v1_ReplayRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  Replay(argument: _holdfast_v1_ReplayRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  Replay(argument: _holdfast_v1_ReplayRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  Replay(argument: _holdfast_v1_ReplayRequest, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Acknowledged writes out of a journal, for their present owner. What it answers is for the journal:
   * a record may be forgotten once the database has it.
   */
  replay(argument: _holdfast_v1_ReplayRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  replay(argument: _holdfast_v1_ReplayRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  replay(argument: _holdfast_v1_ReplayRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  replay(argument: _holdfast_v1_ReplayRequest, callback: grpc.requestCallback<_holdfast_v1_ReplayResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * An owner's dirty entries, for a node that backs up some of its partitions, and its clean ones, too,
   * for a node that a partition is to move to. One stream for each pair of incarnations; it is opened
   * again when it breaks, and goes on where the backup was.
   */
  Replicate(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_ReplicaBatch, _holdfast_v1_ReplicaReply__Output>;
  Replicate(options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_ReplicaBatch, _holdfast_v1_ReplicaReply__Output>;
  /**
   * An owner's dirty entries, for a node that backs up some of its partitions, and its clean ones, too,
   * for a node that a partition is to move to. One stream for each pair of incarnations; it is opened
   * again when it breaks, and goes on where the backup was.
   */
  replicate(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_ReplicaBatch, _holdfast_v1_ReplicaReply__Output>;
  replicate(options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_ReplicaBatch, _holdfast_v1_ReplicaReply__Output>;
  
}

export interface PeerHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Operations that another node received but does not own. They are never passed on again.
   */
  Forward: grpc.handleUnaryCall<_holdfast_v1_Batch__Output, _holdfast_v1_Replies>;
  
  /**
   * A planned change of owner, to a member that has everything: finish, and admit nothing more.
   */
  Release: grpc.handleUnaryCall<_holdfast_v1_ReleaseRequest__Output, _holdfast_v1_ReleaseResponse>;
  
  /**
   * Acknowledged writes out of a journal, for their present owner. What it answers is for the journal:
   * a record may be forgotten once the database has it.
   */
  Replay: grpc.handleUnaryCall<_holdfast_v1_ReplayRequest__Output, _holdfast_v1_ReplayResponse>;
  
  /**
   * An owner's dirty entries, for a node that backs up some of its partitions, and its clean ones, too,
   * for a node that a partition is to move to. One stream for each pair of incarnations; it is opened
   * again when it breaks, and goes on where the backup was.
   */
  Replicate: grpc.handleBidiStreamingCall<_holdfast_v1_ReplicaBatch__Output, _holdfast_v1_ReplicaReply>;
  
}

export interface PeerDefinition extends grpc.ServiceDefinition {
  Forward: MethodDefinition<_holdfast_v1_Batch, _holdfast_v1_Replies, _holdfast_v1_Batch__Output, _holdfast_v1_Replies__Output>
  Release: MethodDefinition<_holdfast_v1_ReleaseRequest, _holdfast_v1_ReleaseResponse, _holdfast_v1_ReleaseRequest__Output, _holdfast_v1_ReleaseResponse__Output>
  Replay: MethodDefinition<_holdfast_v1_ReplayRequest, _holdfast_v1_ReplayResponse, _holdfast_v1_ReplayRequest__Output, _holdfast_v1_ReplayResponse__Output>
  Replicate: MethodDefinition<_holdfast_v1_ReplicaBatch, _holdfast_v1_ReplicaReply, _holdfast_v1_ReplicaBatch__Output, _holdfast_v1_ReplicaReply__Output>
}
