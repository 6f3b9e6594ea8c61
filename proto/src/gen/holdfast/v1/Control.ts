// Original file: holdfast/v1/control.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ReportExitRequest as _holdfast_v1_ReportExitRequest, ReportExitRequest__Output as _holdfast_v1_ReportExitRequest__Output } from '../../holdfast/v1/ReportExitRequest.js';
import type { ReportExitResponse as _holdfast_v1_ReportExitResponse, ReportExitResponse__Output as _holdfast_v1_ReportExitResponse__Output } from '../../holdfast/v1/ReportExitResponse.js';
import type { ReportFencedRequest as _holdfast_v1_ReportFencedRequest, ReportFencedRequest__Output as _holdfast_v1_ReportFencedRequest__Output } from '../../holdfast/v1/ReportFencedRequest.js';
import type { ReportFencedResponse as _holdfast_v1_ReportFencedResponse, ReportFencedResponse__Output as _holdfast_v1_ReportFencedResponse__Output } from '../../holdfast/v1/ReportFencedResponse.js';
import type { RequestTermRequest as _holdfast_v1_RequestTermRequest, RequestTermRequest__Output as _holdfast_v1_RequestTermRequest__Output } from '../../holdfast/v1/RequestTermRequest.js';
import type { RequestTermResponse as _holdfast_v1_RequestTermResponse, RequestTermResponse__Output as _holdfast_v1_RequestTermResponse__Output } from '../../holdfast/v1/RequestTermResponse.js';

export interface ControlClient extends grpc.Client {
  /**
   * A launcher saw the process of this incarnation exit: proof of death, ahead of its lease.
   */
  ReportExit(argument: _holdfast_v1_ReportExitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  ReportExit(argument: _holdfast_v1_ReportExitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  ReportExit(argument: _holdfast_v1_ReportExitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  ReportExit(argument: _holdfast_v1_ReportExitRequest, callback: grpc.requestCallback<_holdfast_v1_ReportExitResponse__Output>): grpc.ClientUnaryCall;
  /**
   * A launcher saw the process of this incarnation exit: proof of death, ahead of its lease.
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
   * A launcher saw the process of this incarnation exit: proof of death, ahead of its lease.
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
  ReportExit: MethodDefinition<_holdfast_v1_ReportExitRequest, _holdfast_v1_ReportExitResponse, _holdfast_v1_ReportExitRequest__Output, _holdfast_v1_ReportExitResponse__Output>
  ReportFenced: MethodDefinition<_holdfast_v1_ReportFencedRequest, _holdfast_v1_ReportFencedResponse, _holdfast_v1_ReportFencedRequest__Output, _holdfast_v1_ReportFencedResponse__Output>
  RequestTerm: MethodDefinition<_holdfast_v1_RequestTermRequest, _holdfast_v1_RequestTermResponse, _holdfast_v1_RequestTermRequest__Output, _holdfast_v1_RequestTermResponse__Output>
}
