// Original file: holdfast/v1/control.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ProposeInSyncRequest as _holdfast_v1_ProposeInSyncRequest, ProposeInSyncRequest__Output as _holdfast_v1_ProposeInSyncRequest__Output } from '../../holdfast/v1/ProposeInSyncRequest.js';
import type { ProposeInSyncResponse as _holdfast_v1_ProposeInSyncResponse, ProposeInSyncResponse__Output as _holdfast_v1_ProposeInSyncResponse__Output } from '../../holdfast/v1/ProposeInSyncResponse.js';
import type { RemoveInSyncRequest as _holdfast_v1_RemoveInSyncRequest, RemoveInSyncRequest__Output as _holdfast_v1_RemoveInSyncRequest__Output } from '../../holdfast/v1/RemoveInSyncRequest.js';
import type { RemoveInSyncResponse as _holdfast_v1_RemoveInSyncResponse, RemoveInSyncResponse__Output as _holdfast_v1_RemoveInSyncResponse__Output } from '../../holdfast/v1/RemoveInSyncResponse.js';
import type { ReportExitRequest as _holdfast_v1_ReportExitRequest, ReportExitRequest__Output as _holdfast_v1_ReportExitRequest__Output } from '../../holdfast/v1/ReportExitRequest.js';
import type { ReportExitResponse as _holdfast_v1_ReportExitResponse, ReportExitResponse__Output as _holdfast_v1_ReportExitResponse__Output } from '../../holdfast/v1/ReportExitResponse.js';
import type { ReportFencedRequest as _holdfast_v1_ReportFencedRequest, ReportFencedRequest__Output as _holdfast_v1_ReportFencedRequest__Output } from '../../holdfast/v1/ReportFencedRequest.js';
import type { ReportFencedResponse as _holdfast_v1_ReportFencedResponse, ReportFencedResponse__Output as _holdfast_v1_ReportFencedResponse__Output } from '../../holdfast/v1/ReportFencedResponse.js';
import type { RequestTermRequest as _holdfast_v1_RequestTermRequest, RequestTermRequest__Output as _holdfast_v1_RequestTermRequest__Output } from '../../holdfast/v1/RequestTermRequest.js';
import type { RequestTermResponse as _holdfast_v1_RequestTermResponse, RequestTermResponse__Output as _holdfast_v1_RequestTermResponse__Output } from '../../holdfast/v1/RequestTermResponse.js';

export interface ControlClient extends grpc.Client {
  /**
   * An owner asks for backups to be taken into in-sync sets. Nothing comes of it where the topology
   * has moved on since the epoch that it names; what did come of it, the topology shows.
   */
  ProposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  ProposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  ProposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  ProposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  /**
   * An owner asks for backups to be taken into in-sync sets. Nothing comes of it where the topology
   * has moved on since the epoch that it names; what did come of it, the topology shows.
   */
  proposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  proposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  proposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  proposeInSync(argument: _holdfast_v1_ProposeInSyncRequest, callback: grpc.requestCallback<_holdfast_v1_ProposeInSyncResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * An owner asks for members to be taken out of in-sync sets. It is published even if they are in
   * none: proposals that were sent before are void from that epoch on.
   */
  RemoveInSync(argument: _holdfast_v1_RemoveInSyncRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  RemoveInSync(argument: _holdfast_v1_RemoveInSyncRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  RemoveInSync(argument: _holdfast_v1_RemoveInSyncRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  RemoveInSync(argument: _holdfast_v1_RemoveInSyncRequest, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  /**
   * An owner asks for members to be taken out of in-sync sets. It is published even if they are in
   * none: proposals that were sent before are void from that epoch on.
   */
  removeInSync(argument: _holdfast_v1_RemoveInSyncRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  removeInSync(argument: _holdfast_v1_RemoveInSyncRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  removeInSync(argument: _holdfast_v1_RemoveInSyncRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  removeInSync(argument: _holdfast_v1_RemoveInSyncRequest, callback: grpc.requestCallback<_holdfast_v1_RemoveInSyncResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Proof of death, ahead of the lease: a launcher saw the process of this incarnation exit, or the node
   * itself, which stops in order, serves nothing any more.
   */
  ReportExit(argument: _holdfast_v1_ReportExitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  ReportExit(argument: _holdfast_v1_ReportExitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  ReportExit(argument: _holdfast_v1_ReportExitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  ReportExit(argument: _holdfast_v1_ReportExitRequest, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Proof of death, ahead of the lease: a launcher saw the process of this incarnation exit, or the node
   * itself, which stops in order, serves nothing any more.
   */
  reportExit(argument: _holdfast_v1_ReportExitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  reportExit(argument: _holdfast_v1_ReportExitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  reportExit(argument: _holdfast_v1_ReportExitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  reportExit(argument: _holdfast_v1_ReportExitRequest, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * These incarnations can no longer write to the database.
   */
  ReportFenced(argument: _holdfast_v1_ReportFencedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  ReportFenced(argument: _holdfast_v1_ReportFencedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  ReportFenced(argument: _holdfast_v1_ReportFencedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  ReportFenced(argument: _holdfast_v1_ReportFencedRequest, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  /**
   * These incarnations can no longer write to the database.
   */
  reportFenced(argument: _holdfast_v1_ReportFencedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  reportFenced(argument: _holdfast_v1_ReportFencedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  reportFenced(argument: _holdfast_v1_ReportFencedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  reportFenced(argument: _holdfast_v1_ReportFencedRequest, callback: grpc.requestCallback<_holdfast_v1_ReportFencedResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * An owner asks for a higher term of its own partition.
   */
  RequestTerm(argument: _holdfast_v1_RequestTermRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  RequestTerm(argument: _holdfast_v1_RequestTermRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  RequestTerm(argument: _holdfast_v1_RequestTermRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  RequestTerm(argument: _holdfast_v1_RequestTermRequest, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  /**
   * An owner asks for a higher term of its own partition.
   */
  requestTerm(argument: _holdfast_v1_RequestTermRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  requestTerm(argument: _holdfast_v1_RequestTermRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  requestTerm(argument: _holdfast_v1_RequestTermRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  requestTerm(argument: _holdfast_v1_RequestTermRequest, callback: grpc.requestCallback<_holdfast_v1_RequestTermResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface ControlHandlers extends grpc.UntypedServiceImplementation {
  /**
   * An owner asks for backups to be taken into in-sync sets. Nothing comes of it where the topology
   * has moved on since the epoch that it names; what did come of it, the topology shows.
   */
  ProposeInSync: grpc.handleUnaryCall<_holdfast_v1_ProposeInSyncRequest__Output, _holdfast_v1_ProposeInSyncResponse>;
  
  /**
   * An owner asks for members to be taken out of in-sync sets. It is published even if they are in
   * none: proposals that were sent before are void from that epoch on.
   */
  RemoveInSync: grpc.handleUnaryCall<_holdfast_v1_RemoveInSyncRequest__Output, _holdfast_v1_RemoveInSyncResponse>;
  
  /**
   * Proof of death, ahead of the lease: a launcher saw the process of this incarnation exit, or the node
   * itself, which stops in order, serves nothing any more.
   */
  ReportExit: grpc.handleUnaryCall<_holdfast_v1_ReportExitRequest__Output, _holdfast_v1_ReportExitResponse>;
  
  /**
   * These incarnations can no longer write to the database.
   */
  ReportFenced: grpc.handleUnaryCall<_holdfast_v1_ReportFencedRequest__Output, _holdfast_v1_ReportFencedResponse>;
  
  /**
   * An owner asks for a higher term of its own partition.
   */
  RequestTerm: grpc.handleUnaryCall<_holdfast_v1_RequestTermRequest__Output, _holdfast_v1_RequestTermResponse>;
  
}

export interface ControlDefinition extends grpc.ServiceDefinition {
  ProposeInSync: MethodDefinition<_holdfast_v1_ProposeInSyncRequest, _holdfast_v1_ProposeInSyncResponse, _holdfast_v1_ProposeInSyncRequest__Output, _holdfast_v1_ProposeInSyncResponse__Output>
  RemoveInSync: MethodDefinition<_holdfast_v1_RemoveInSyncRequest, _holdfast_v1_RemoveInSyncResponse, _holdfast_v1_RemoveInSyncRequest__Output, _holdfast_v1_RemoveInSyncResponse__Output>
  ReportExit: MethodDefinition<_holdfast_v1_ReportExitRequest, _holdfast_v1_ReportExitResponse, _holdfast_v1_ReportExitRequest__Output, _holdfast_v1_ReportExitResponse__Output>
  ReportFenced: MethodDefinition<_holdfast_v1_ReportFencedRequest, _holdfast_v1_ReportFencedResponse, _holdfast_v1_ReportFencedRequest__Output, _holdfast_v1_ReportFencedResponse__Output>
  RequestTerm: MethodDefinition<_holdfast_v1_RequestTermRequest, _holdfast_v1_RequestTermResponse, _holdfast_v1_RequestTermRequest__Output, _holdfast_v1_RequestTermResponse__Output>
}
