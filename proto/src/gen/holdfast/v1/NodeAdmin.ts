// Original file: holdfast/v1/admin.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DrainProgress as _holdfast_v1_DrainProgress, DrainProgress__Output as _holdfast_v1_DrainProgress__Output } from '../../holdfast/v1/DrainProgress.js';
import type { DrainRequest as _holdfast_v1_DrainRequest, DrainRequest__Output as _holdfast_v1_DrainRequest__Output } from '../../holdfast/v1/DrainRequest.js';

/**
 * Operating one node. Served by nodes, on their port for clients.
 */
export interface NodeAdminClient extends grpc.Client {
  /**
   * The node hands over what it owns and backs up, flushes what is dirty, tells now and then how far
   * it is, and leaves the cluster after the last message: its process ends, with 0 if nothing remained.
   * A caller that goes away does not call it off.
   */
  Drain(argument: _holdfast_v1_DrainRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_DrainProgress__Output>;
  Drain(argument: _holdfast_v1_DrainRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_DrainProgress__Output>;
  /**
   * The node hands over what it owns and backs up, flushes what is dirty, tells now and then how far
   * it is, and leaves the cluster after the last message: its process ends, with 0 if nothing remained.
   * A caller that goes away does not call it off.
   */
  drain(argument: _holdfast_v1_DrainRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_DrainProgress__Output>;
  drain(argument: _holdfast_v1_DrainRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_DrainProgress__Output>;
  
}

/**
 * Operating one node. Served by nodes, on their port for clients.
 */
export interface NodeAdminHandlers extends grpc.UntypedServiceImplementation {
  /**
   * The node hands over what it owns and backs up, flushes what is dirty, tells now and then how far
   * it is, and leaves the cluster after the last message: its process ends, with 0 if nothing remained.
   * A caller that goes away does not call it off.
   */
  Drain: grpc.handleServerStreamingCall<_holdfast_v1_DrainRequest__Output, _holdfast_v1_DrainProgress>;
  
}

export interface NodeAdminDefinition extends grpc.ServiceDefinition {
  Drain: MethodDefinition<_holdfast_v1_DrainRequest, _holdfast_v1_DrainProgress, _holdfast_v1_DrainRequest__Output, _holdfast_v1_DrainProgress__Output>
}
