import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { ClusterConfig as _holdfast_v1_ClusterConfig, ClusterConfig__Output as _holdfast_v1_ClusterConfig__Output } from './holdfast/v1/ClusterConfig.js';
import type { TopologyClient as _holdfast_v1_TopologyClient, TopologyDefinition as _holdfast_v1_TopologyDefinition } from './holdfast/v1/Topology.js';
import type { TopologyState as _holdfast_v1_TopologyState, TopologyState__Output as _holdfast_v1_TopologyState__Output } from './holdfast/v1/TopologyState.js';
import type { TopologyView as _holdfast_v1_TopologyView, TopologyView__Output as _holdfast_v1_TopologyView__Output } from './holdfast/v1/TopologyView.js';
import type { WatchTopologyRequest as _holdfast_v1_WatchTopologyRequest, WatchTopologyRequest__Output as _holdfast_v1_WatchTopologyRequest__Output } from './holdfast/v1/WatchTopologyRequest.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  holdfast: {
    v1: {
      ClusterConfig: MessageTypeDefinition<_holdfast_v1_ClusterConfig, _holdfast_v1_ClusterConfig__Output>
      Topology: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_TopologyClient> & { service: _holdfast_v1_TopologyDefinition }
      TopologyState: MessageTypeDefinition<_holdfast_v1_TopologyState, _holdfast_v1_TopologyState__Output>
      TopologyView: MessageTypeDefinition<_holdfast_v1_TopologyView, _holdfast_v1_TopologyView__Output>
      WatchTopologyRequest: MessageTypeDefinition<_holdfast_v1_WatchTopologyRequest, _holdfast_v1_WatchTopologyRequest__Output>
    }
  }
}

