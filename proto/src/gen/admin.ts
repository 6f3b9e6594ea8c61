import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AdminClient as _holdfast_v1_AdminClient, AdminDefinition as _holdfast_v1_AdminDefinition } from './holdfast/v1/Admin.js';
import type { ApplyCachesRequest as _holdfast_v1_ApplyCachesRequest, ApplyCachesRequest__Output as _holdfast_v1_ApplyCachesRequest__Output } from './holdfast/v1/ApplyCachesRequest.js';
import type { ApplyCachesResponse as _holdfast_v1_ApplyCachesResponse, ApplyCachesResponse__Output as _holdfast_v1_ApplyCachesResponse__Output } from './holdfast/v1/ApplyCachesResponse.js';
import type { CacheDefinition as _holdfast_v1_CacheDefinition, CacheDefinition__Output as _holdfast_v1_CacheDefinition__Output } from './holdfast/v1/CacheDefinition.js';
import type { ClusterConfig as _holdfast_v1_ClusterConfig, ClusterConfig__Output as _holdfast_v1_ClusterConfig__Output } from './holdfast/v1/ClusterConfig.js';
import type { DrainProgress as _holdfast_v1_DrainProgress, DrainProgress__Output as _holdfast_v1_DrainProgress__Output } from './holdfast/v1/DrainProgress.js';
import type { DrainRequest as _holdfast_v1_DrainRequest, DrainRequest__Output as _holdfast_v1_DrainRequest__Output } from './holdfast/v1/DrainRequest.js';
import type { ListCachesRequest as _holdfast_v1_ListCachesRequest, ListCachesRequest__Output as _holdfast_v1_ListCachesRequest__Output } from './holdfast/v1/ListCachesRequest.js';
import type { ListCachesResponse as _holdfast_v1_ListCachesResponse, ListCachesResponse__Output as _holdfast_v1_ListCachesResponse__Output } from './holdfast/v1/ListCachesResponse.js';
import type { NodeAdminClient as _holdfast_v1_NodeAdminClient, NodeAdminDefinition as _holdfast_v1_NodeAdminDefinition } from './holdfast/v1/NodeAdmin.js';
import type { StatusRequest as _holdfast_v1_StatusRequest, StatusRequest__Output as _holdfast_v1_StatusRequest__Output } from './holdfast/v1/StatusRequest.js';
import type { StatusResponse as _holdfast_v1_StatusResponse, StatusResponse__Output as _holdfast_v1_StatusResponse__Output } from './holdfast/v1/StatusResponse.js';
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
      Admin: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_AdminClient> & { service: _holdfast_v1_AdminDefinition }
      ApplyCachesRequest: MessageTypeDefinition<_holdfast_v1_ApplyCachesRequest, _holdfast_v1_ApplyCachesRequest__Output>
      ApplyCachesResponse: MessageTypeDefinition<_holdfast_v1_ApplyCachesResponse, _holdfast_v1_ApplyCachesResponse__Output>
      CacheDefinition: MessageTypeDefinition<_holdfast_v1_CacheDefinition, _holdfast_v1_CacheDefinition__Output>
      ClusterConfig: MessageTypeDefinition<_holdfast_v1_ClusterConfig, _holdfast_v1_ClusterConfig__Output>
      DrainProgress: MessageTypeDefinition<_holdfast_v1_DrainProgress, _holdfast_v1_DrainProgress__Output>
      DrainRequest: MessageTypeDefinition<_holdfast_v1_DrainRequest, _holdfast_v1_DrainRequest__Output>
      ListCachesRequest: MessageTypeDefinition<_holdfast_v1_ListCachesRequest, _holdfast_v1_ListCachesRequest__Output>
      ListCachesResponse: MessageTypeDefinition<_holdfast_v1_ListCachesResponse, _holdfast_v1_ListCachesResponse__Output>
      /**
       * Operating one node. Served by nodes, on their port for clients.
       */
      NodeAdmin: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_NodeAdminClient> & { service: _holdfast_v1_NodeAdminDefinition }
      StatusRequest: MessageTypeDefinition<_holdfast_v1_StatusRequest, _holdfast_v1_StatusRequest__Output>
      StatusResponse: MessageTypeDefinition<_holdfast_v1_StatusResponse, _holdfast_v1_StatusResponse__Output>
      Topology: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_TopologyClient> & { service: _holdfast_v1_TopologyDefinition }
      TopologyState: MessageTypeDefinition<_holdfast_v1_TopologyState, _holdfast_v1_TopologyState__Output>
      TopologyView: MessageTypeDefinition<_holdfast_v1_TopologyView, _holdfast_v1_TopologyView__Output>
      WatchTopologyRequest: MessageTypeDefinition<_holdfast_v1_WatchTopologyRequest, _holdfast_v1_WatchTopologyRequest__Output>
    }
  }
}

