// Original file: holdfast/v1/admin.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ApplyCachesRequest as _holdfast_v1_ApplyCachesRequest, ApplyCachesRequest__Output as _holdfast_v1_ApplyCachesRequest__Output } from '../../holdfast/v1/ApplyCachesRequest.js';
import type { ApplyCachesResponse as _holdfast_v1_ApplyCachesResponse, ApplyCachesResponse__Output as _holdfast_v1_ApplyCachesResponse__Output } from '../../holdfast/v1/ApplyCachesResponse.js';
import type { ListCachesRequest as _holdfast_v1_ListCachesRequest, ListCachesRequest__Output as _holdfast_v1_ListCachesRequest__Output } from '../../holdfast/v1/ListCachesRequest.js';
import type { ListCachesResponse as _holdfast_v1_ListCachesResponse, ListCachesResponse__Output as _holdfast_v1_ListCachesResponse__Output } from '../../holdfast/v1/ListCachesResponse.js';
import type { StatusRequest as _holdfast_v1_StatusRequest, StatusRequest__Output as _holdfast_v1_StatusRequest__Output } from '../../holdfast/v1/StatusRequest.js';
import type { StatusResponse as _holdfast_v1_StatusResponse, StatusResponse__Output as _holdfast_v1_StatusResponse__Output } from '../../holdfast/v1/StatusResponse.js';

export interface AdminClient extends grpc.Client {
  /**
   * Creates or changes caches. All of them are checked before any is written.
   */
  ApplyCaches(argument: _holdfast_v1_ApplyCachesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  ApplyCaches(argument: _holdfast_v1_ApplyCachesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  ApplyCaches(argument: _holdfast_v1_ApplyCachesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  ApplyCaches(argument: _holdfast_v1_ApplyCachesRequest, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Creates or changes caches. All of them are checked before any is written.
   */
  applyCaches(argument: _holdfast_v1_ApplyCachesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  applyCaches(argument: _holdfast_v1_ApplyCachesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  applyCaches(argument: _holdfast_v1_ApplyCachesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  applyCaches(argument: _holdfast_v1_ApplyCachesRequest, callback: grpc.requestCallback<_holdfast_v1_ApplyCachesResponse__Output>): grpc.ClientUnaryCall;
  
  ListCaches(argument: _holdfast_v1_ListCachesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  ListCaches(argument: _holdfast_v1_ListCachesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  ListCaches(argument: _holdfast_v1_ListCachesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  ListCaches(argument: _holdfast_v1_ListCachesRequest, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  listCaches(argument: _holdfast_v1_ListCachesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  listCaches(argument: _holdfast_v1_ListCachesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  listCaches(argument: _holdfast_v1_ListCachesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  listCaches(argument: _holdfast_v1_ListCachesRequest, callback: grpc.requestCallback<_holdfast_v1_ListCachesResponse__Output>): grpc.ClientUnaryCall;
  
  Status(argument: _holdfast_v1_StatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  Status(argument: _holdfast_v1_StatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  Status(argument: _holdfast_v1_StatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  Status(argument: _holdfast_v1_StatusRequest, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _holdfast_v1_StatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _holdfast_v1_StatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _holdfast_v1_StatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _holdfast_v1_StatusRequest, callback: grpc.requestCallback<_holdfast_v1_StatusResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface AdminHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Creates or changes caches. All of them are checked before any is written.
   */
  ApplyCaches: grpc.handleUnaryCall<_holdfast_v1_ApplyCachesRequest__Output, _holdfast_v1_ApplyCachesResponse>;
  
  ListCaches: grpc.handleUnaryCall<_holdfast_v1_ListCachesRequest__Output, _holdfast_v1_ListCachesResponse>;
  
  Status: grpc.handleUnaryCall<_holdfast_v1_StatusRequest__Output, _holdfast_v1_StatusResponse>;
  
}

export interface AdminDefinition extends grpc.ServiceDefinition {
  ApplyCaches: MethodDefinition<_holdfast_v1_ApplyCachesRequest, _holdfast_v1_ApplyCachesResponse, _holdfast_v1_ApplyCachesRequest__Output, _holdfast_v1_ApplyCachesResponse__Output>
  ListCaches: MethodDefinition<_holdfast_v1_ListCachesRequest, _holdfast_v1_ListCachesResponse, _holdfast_v1_ListCachesRequest__Output, _holdfast_v1_ListCachesResponse__Output>
  Status: MethodDefinition<_holdfast_v1_StatusRequest, _holdfast_v1_StatusResponse, _holdfast_v1_StatusRequest__Output, _holdfast_v1_StatusResponse__Output>
}
