// Original file: holdfast/v1/topology.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { TopologyView as _holdfast_v1_TopologyView, TopologyView__Output as _holdfast_v1_TopologyView__Output } from '../../holdfast/v1/TopologyView.js';
import type { WatchTopologyRequest as _holdfast_v1_WatchTopologyRequest, WatchTopologyRequest__Output as _holdfast_v1_WatchTopologyRequest__Output } from '../../holdfast/v1/WatchTopologyRequest.js';

export interface TopologyClient extends grpc.Client {
  /**
   * The present view, then each later one. Views may be skipped, never reordered.
   */
  Watch(argument: _holdfast_v1_WatchTopologyRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_TopologyView__Output>;
  Watch(argument: _holdfast_v1_WatchTopologyRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_TopologyView__Output>;
  /**
   * The present view, then each later one. Views may be skipped, never reordered.
   */
  watch(argument: _holdfast_v1_WatchTopologyRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_TopologyView__Output>;
  watch(argument: _holdfast_v1_WatchTopologyRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_TopologyView__Output>;
  
}

export interface TopologyHandlers extends grpc.UntypedServiceImplementation {
  /**
   * The present view, then each later one. Views may be skipped, never reordered.
   */
  Watch: grpc.handleServerStreamingCall<_holdfast_v1_WatchTopologyRequest__Output, _holdfast_v1_TopologyView>;
  
}

export interface TopologyDefinition extends grpc.ServiceDefinition {
  Watch: MethodDefinition<_holdfast_v1_WatchTopologyRequest, _holdfast_v1_TopologyView, _holdfast_v1_WatchTopologyRequest__Output, _holdfast_v1_TopologyView__Output>
}
