import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { DeadLetter as _holdfast_v1_DeadLetter, DeadLetter__Output as _holdfast_v1_DeadLetter__Output } from './holdfast/v1/DeadLetter.js';
import type { DeadLetterName as _holdfast_v1_DeadLetterName, DeadLetterName__Output as _holdfast_v1_DeadLetterName__Output } from './holdfast/v1/DeadLetterName.js';
import type { DropDeadLettersRequest as _holdfast_v1_DropDeadLettersRequest, DropDeadLettersRequest__Output as _holdfast_v1_DropDeadLettersRequest__Output } from './holdfast/v1/DropDeadLettersRequest.js';
import type { DropDeadLettersResponse as _holdfast_v1_DropDeadLettersResponse, DropDeadLettersResponse__Output as _holdfast_v1_DropDeadLettersResponse__Output } from './holdfast/v1/DropDeadLettersResponse.js';
import type { ExplainRequest as _holdfast_v1_ExplainRequest, ExplainRequest__Output as _holdfast_v1_ExplainRequest__Output } from './holdfast/v1/ExplainRequest.js';
import type { Explanation as _holdfast_v1_Explanation, Explanation__Output as _holdfast_v1_Explanation__Output } from './holdfast/v1/Explanation.js';
import type { ListDeadLettersRequest as _holdfast_v1_ListDeadLettersRequest, ListDeadLettersRequest__Output as _holdfast_v1_ListDeadLettersRequest__Output } from './holdfast/v1/ListDeadLettersRequest.js';
import type { ListDeadLettersResponse as _holdfast_v1_ListDeadLettersResponse, ListDeadLettersResponse__Output as _holdfast_v1_ListDeadLettersResponse__Output } from './holdfast/v1/ListDeadLettersResponse.js';
import type { OperatorClient as _holdfast_v1_OperatorClient, OperatorDefinition as _holdfast_v1_OperatorDefinition } from './holdfast/v1/Operator.js';
import type { RetriedDeadLetter as _holdfast_v1_RetriedDeadLetter, RetriedDeadLetter__Output as _holdfast_v1_RetriedDeadLetter__Output } from './holdfast/v1/RetriedDeadLetter.js';
import type { RetryDeadLettersRequest as _holdfast_v1_RetryDeadLettersRequest, RetryDeadLettersRequest__Output as _holdfast_v1_RetryDeadLettersRequest__Output } from './holdfast/v1/RetryDeadLettersRequest.js';
import type { RetryDeadLettersResponse as _holdfast_v1_RetryDeadLettersResponse, RetryDeadLettersResponse__Output as _holdfast_v1_RetryDeadLettersResponse__Output } from './holdfast/v1/RetryDeadLettersResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  holdfast: {
    v1: {
      DeadLetter: MessageTypeDefinition<_holdfast_v1_DeadLetter, _holdfast_v1_DeadLetter__Output>
      DeadLetterName: MessageTypeDefinition<_holdfast_v1_DeadLetterName, _holdfast_v1_DeadLetterName__Output>
      DropDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_DropDeadLettersRequest, _holdfast_v1_DropDeadLettersRequest__Output>
      DropDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_DropDeadLettersResponse, _holdfast_v1_DropDeadLettersResponse__Output>
      ExplainRequest: MessageTypeDefinition<_holdfast_v1_ExplainRequest, _holdfast_v1_ExplainRequest__Output>
      Explanation: MessageTypeDefinition<_holdfast_v1_Explanation, _holdfast_v1_Explanation__Output>
      ListDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_ListDeadLettersRequest, _holdfast_v1_ListDeadLettersRequest__Output>
      ListDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_ListDeadLettersResponse, _holdfast_v1_ListDeadLettersResponse__Output>
      Operator: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_OperatorClient> & { service: _holdfast_v1_OperatorDefinition }
      RetriedDeadLetter: MessageTypeDefinition<_holdfast_v1_RetriedDeadLetter, _holdfast_v1_RetriedDeadLetter__Output>
      RetryDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_RetryDeadLettersRequest, _holdfast_v1_RetryDeadLettersRequest__Output>
      RetryDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_RetryDeadLettersResponse, _holdfast_v1_RetryDeadLettersResponse__Output>
    }
  }
}

