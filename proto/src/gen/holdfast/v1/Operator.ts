// Original file: holdfast/v1/operator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DropDeadLettersRequest as _holdfast_v1_DropDeadLettersRequest, DropDeadLettersRequest__Output as _holdfast_v1_DropDeadLettersRequest__Output } from '../../holdfast/v1/DropDeadLettersRequest.js';
import type { DropDeadLettersResponse as _holdfast_v1_DropDeadLettersResponse, DropDeadLettersResponse__Output as _holdfast_v1_DropDeadLettersResponse__Output } from '../../holdfast/v1/DropDeadLettersResponse.js';
import type { ExplainRequest as _holdfast_v1_ExplainRequest, ExplainRequest__Output as _holdfast_v1_ExplainRequest__Output } from '../../holdfast/v1/ExplainRequest.js';
import type { Explanation as _holdfast_v1_Explanation, Explanation__Output as _holdfast_v1_Explanation__Output } from '../../holdfast/v1/Explanation.js';
import type { ListDeadLettersRequest as _holdfast_v1_ListDeadLettersRequest, ListDeadLettersRequest__Output as _holdfast_v1_ListDeadLettersRequest__Output } from '../../holdfast/v1/ListDeadLettersRequest.js';
import type { ListDeadLettersResponse as _holdfast_v1_ListDeadLettersResponse, ListDeadLettersResponse__Output as _holdfast_v1_ListDeadLettersResponse__Output } from '../../holdfast/v1/ListDeadLettersResponse.js';
import type { RetryDeadLettersRequest as _holdfast_v1_RetryDeadLettersRequest, RetryDeadLettersRequest__Output as _holdfast_v1_RetryDeadLettersRequest__Output } from '../../holdfast/v1/RetryDeadLettersRequest.js';
import type { RetryDeadLettersResponse as _holdfast_v1_RetryDeadLettersResponse, RetryDeadLettersResponse__Output as _holdfast_v1_RetryDeadLettersResponse__Output } from '../../holdfast/v1/RetryDeadLettersResponse.js';

export interface OperatorClient extends grpc.Client {
  /**
   * Forgets exactly these letters, after the owners of their keys have let go of them: readers see the rows.
   */
  DropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  DropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  DropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  DropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Forgets exactly these letters, after the owners of their keys have let go of them: readers see the rows.
   */
  dropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  dropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  dropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  dropDeadLetters(argument: _holdfast_v1_DropDeadLettersRequest, callback: grpc.requestCallback<_holdfast_v1_DropDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * What there is to know of a key, at its owner and in the database. Counts as no read.
   */
  Explain(argument: _holdfast_v1_ExplainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  Explain(argument: _holdfast_v1_ExplainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  Explain(argument: _holdfast_v1_ExplainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  Explain(argument: _holdfast_v1_ExplainRequest, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  /**
   * What there is to know of a key, at its owner and in the database. Counts as no read.
   */
  explain(argument: _holdfast_v1_ExplainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  explain(argument: _holdfast_v1_ExplainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  explain(argument: _holdfast_v1_ExplainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  explain(argument: _holdfast_v1_ExplainRequest, callback: grpc.requestCallback<_holdfast_v1_Explanation__Output>): grpc.ClientUnaryCall;
  
  /**
   * Writes that the database refused, in the order of their names.
   */
  ListDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  ListDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  ListDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  ListDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Writes that the database refused, in the order of their names.
   */
  listDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  listDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  listDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  listDeadLetters(argument: _holdfast_v1_ListDeadLettersRequest, callback: grpc.requestCallback<_holdfast_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Sends letters to the database once more, each through the owner of its key, under the version that
   * it has. What the database then has is a letter no more; anything else stays one.
   */
  RetryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  RetryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  RetryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  RetryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Sends letters to the database once more, each through the owner of its key, under the version that
   * it has. What the database then has is a letter no more; anything else stays one.
   */
  retryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  retryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  retryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  retryDeadLetters(argument: _holdfast_v1_RetryDeadLettersRequest, callback: grpc.requestCallback<_holdfast_v1_RetryDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface OperatorHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Forgets exactly these letters, after the owners of their keys have let go of them: readers see the rows.
   */
  DropDeadLetters: grpc.handleUnaryCall<_holdfast_v1_DropDeadLettersRequest__Output, _holdfast_v1_DropDeadLettersResponse>;
  
  /**
   * What there is to know of a key, at its owner and in the database. Counts as no read.
   */
  Explain: grpc.handleUnaryCall<_holdfast_v1_ExplainRequest__Output, _holdfast_v1_Explanation>;
  
  /**
   * Writes that the database refused, in the order of their names.
   */
  ListDeadLetters: grpc.handleUnaryCall<_holdfast_v1_ListDeadLettersRequest__Output, _holdfast_v1_ListDeadLettersResponse>;
  
  /**
   * Sends letters to the database once more, each through the owner of its key, under the version that
   * it has. What the database then has is a letter no more; anything else stays one.
   */
  RetryDeadLetters: grpc.handleUnaryCall<_holdfast_v1_RetryDeadLettersRequest__Output, _holdfast_v1_RetryDeadLettersResponse>;
  
}

export interface OperatorDefinition extends grpc.ServiceDefinition {
  DropDeadLetters: MethodDefinition<_holdfast_v1_DropDeadLettersRequest, _holdfast_v1_DropDeadLettersResponse, _holdfast_v1_DropDeadLettersRequest__Output, _holdfast_v1_DropDeadLettersResponse__Output>
  Explain: MethodDefinition<_holdfast_v1_ExplainRequest, _holdfast_v1_Explanation, _holdfast_v1_ExplainRequest__Output, _holdfast_v1_Explanation__Output>
  ListDeadLetters: MethodDefinition<_holdfast_v1_ListDeadLettersRequest, _holdfast_v1_ListDeadLettersResponse, _holdfast_v1_ListDeadLettersRequest__Output, _holdfast_v1_ListDeadLettersResponse__Output>
  RetryDeadLetters: MethodDefinition<_holdfast_v1_RetryDeadLettersRequest, _holdfast_v1_RetryDeadLettersResponse, _holdfast_v1_RetryDeadLettersRequest__Output, _holdfast_v1_RetryDeadLettersResponse__Output>
}
