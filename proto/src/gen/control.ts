import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { ControlClient as _holdfast_v1_ControlClient, ControlDefinition as _holdfast_v1_ControlDefinition } from './holdfast/v1/Control.js';
import type { InSyncChange as _holdfast_v1_InSyncChange, InSyncChange__Output as _holdfast_v1_InSyncChange__Output } from './holdfast/v1/InSyncChange.js';
import type { ProposeInSyncRequest as _holdfast_v1_ProposeInSyncRequest, ProposeInSyncRequest__Output as _holdfast_v1_ProposeInSyncRequest__Output } from './holdfast/v1/ProposeInSyncRequest.js';
import type { ProposeInSyncResponse as _holdfast_v1_ProposeInSyncResponse, ProposeInSyncResponse__Output as _holdfast_v1_ProposeInSyncResponse__Output } from './holdfast/v1/ProposeInSyncResponse.js';
import type { RemoveInSyncRequest as _holdfast_v1_RemoveInSyncRequest, RemoveInSyncRequest__Output as _holdfast_v1_RemoveInSyncRequest__Output } from './holdfast/v1/RemoveInSyncRequest.js';
import type { RemoveInSyncResponse as _holdfast_v1_RemoveInSyncResponse, RemoveInSyncResponse__Output as _holdfast_v1_RemoveInSyncResponse__Output } from './holdfast/v1/RemoveInSyncResponse.js';
import type { ReportExitRequest as _holdfast_v1_ReportExitRequest, ReportExitRequest__Output as _holdfast_v1_ReportExitRequest__Output } from './holdfast/v1/ReportExitRequest.js';
import type { ReportExitResponse as _holdfast_v1_ReportExitResponse, ReportExitResponse__Output as _holdfast_v1_ReportExitResponse__Output } from './holdfast/v1/ReportExitResponse.js';
import type { ReportFencedRequest as _holdfast_v1_ReportFencedRequest, ReportFencedRequest__Output as _holdfast_v1_ReportFencedRequest__Output } from './holdfast/v1/ReportFencedRequest.js';
import type { ReportFencedResponse as _holdfast_v1_ReportFencedResponse, ReportFencedResponse__Output as _holdfast_v1_ReportFencedResponse__Output } from './holdfast/v1/ReportFencedResponse.js';
import type { RequestTermRequest as _holdfast_v1_RequestTermRequest, RequestTermRequest__Output as _holdfast_v1_RequestTermRequest__Output } from './holdfast/v1/RequestTermRequest.js';
import type { RequestTermResponse as _holdfast_v1_RequestTermResponse, RequestTermResponse__Output as _holdfast_v1_RequestTermResponse__Output } from './holdfast/v1/RequestTermResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  holdfast: {
    v1: {
      Control: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_ControlClient> & { service: _holdfast_v1_ControlDefinition }
      InSyncChange: MessageTypeDefinition<_holdfast_v1_InSyncChange, _holdfast_v1_InSyncChange__Output>
      ProposeInSyncRequest: MessageTypeDefinition<_holdfast_v1_ProposeInSyncRequest, _holdfast_v1_ProposeInSyncRequest__Output>
      ProposeInSyncResponse: MessageTypeDefinition<_holdfast_v1_ProposeInSyncResponse, _holdfast_v1_ProposeInSyncResponse__Output>
      RemoveInSyncRequest: MessageTypeDefinition<_holdfast_v1_RemoveInSyncRequest, _holdfast_v1_RemoveInSyncRequest__Output>
      RemoveInSyncResponse: MessageTypeDefinition<_holdfast_v1_RemoveInSyncResponse, _holdfast_v1_RemoveInSyncResponse__Output>
      ReportExitRequest: MessageTypeDefinition<_holdfast_v1_ReportExitRequest, _holdfast_v1_ReportExitRequest__Output>
      ReportExitResponse: MessageTypeDefinition<_holdfast_v1_ReportExitResponse, _holdfast_v1_ReportExitResponse__Output>
      ReportFencedRequest: MessageTypeDefinition<_holdfast_v1_ReportFencedRequest, _holdfast_v1_ReportFencedRequest__Output>
      ReportFencedResponse: MessageTypeDefinition<_holdfast_v1_ReportFencedResponse, _holdfast_v1_ReportFencedResponse__Output>
      RequestTermRequest: MessageTypeDefinition<_holdfast_v1_RequestTermRequest, _holdfast_v1_RequestTermRequest__Output>
      RequestTermResponse: MessageTypeDefinition<_holdfast_v1_RequestTermResponse, _holdfast_v1_RequestTermResponse__Output>
    }
  }
}

