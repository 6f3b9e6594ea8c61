import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Batch as _holdfast_v1_Batch, Batch__Output as _holdfast_v1_Batch__Output } from './holdfast/v1/Batch.js';
import type { DeadLetter as _holdfast_v1_DeadLetter, DeadLetter__Output as _holdfast_v1_DeadLetter__Output } from './holdfast/v1/DeadLetter.js';
import type { DeadLetterName as _holdfast_v1_DeadLetterName, DeadLetterName__Output as _holdfast_v1_DeadLetterName__Output } from './holdfast/v1/DeadLetterName.js';
import type { DropDeadLettersRequest as _holdfast_v1_DropDeadLettersRequest, DropDeadLettersRequest__Output as _holdfast_v1_DropDeadLettersRequest__Output } from './holdfast/v1/DropDeadLettersRequest.js';
import type { DropDeadLettersResponse as _holdfast_v1_DropDeadLettersResponse, DropDeadLettersResponse__Output as _holdfast_v1_DropDeadLettersResponse__Output } from './holdfast/v1/DropDeadLettersResponse.js';
import type { ExplainRequest as _holdfast_v1_ExplainRequest, ExplainRequest__Output as _holdfast_v1_ExplainRequest__Output } from './holdfast/v1/ExplainRequest.js';
import type { Explanation as _holdfast_v1_Explanation, Explanation__Output as _holdfast_v1_Explanation__Output } from './holdfast/v1/Explanation.js';
import type { Hello as _holdfast_v1_Hello, Hello__Output as _holdfast_v1_Hello__Output } from './holdfast/v1/Hello.js';
import type { HelloReply as _holdfast_v1_HelloReply, HelloReply__Output as _holdfast_v1_HelloReply__Output } from './holdfast/v1/HelloReply.js';
import type { JournalRecord as _holdfast_v1_JournalRecord, JournalRecord__Output as _holdfast_v1_JournalRecord__Output } from './holdfast/v1/JournalRecord.js';
import type { ListDeadLettersRequest as _holdfast_v1_ListDeadLettersRequest, ListDeadLettersRequest__Output as _holdfast_v1_ListDeadLettersRequest__Output } from './holdfast/v1/ListDeadLettersRequest.js';
import type { ListDeadLettersResponse as _holdfast_v1_ListDeadLettersResponse, ListDeadLettersResponse__Output as _holdfast_v1_ListDeadLettersResponse__Output } from './holdfast/v1/ListDeadLettersResponse.js';
import type { Operation as _holdfast_v1_Operation, Operation__Output as _holdfast_v1_Operation__Output } from './holdfast/v1/Operation.js';
import type { OperatorClient as _holdfast_v1_OperatorClient, OperatorDefinition as _holdfast_v1_OperatorDefinition } from './holdfast/v1/Operator.js';
import type { PartitionTerm as _holdfast_v1_PartitionTerm, PartitionTerm__Output as _holdfast_v1_PartitionTerm__Output } from './holdfast/v1/PartitionTerm.js';
import type { PeerClient as _holdfast_v1_PeerClient, PeerDefinition as _holdfast_v1_PeerDefinition } from './holdfast/v1/Peer.js';
import type { ReleaseRequest as _holdfast_v1_ReleaseRequest, ReleaseRequest__Output as _holdfast_v1_ReleaseRequest__Output } from './holdfast/v1/ReleaseRequest.js';
import type { ReleaseResponse as _holdfast_v1_ReleaseResponse, ReleaseResponse__Output as _holdfast_v1_ReleaseResponse__Output } from './holdfast/v1/ReleaseResponse.js';
import type { ReplayRequest as _holdfast_v1_ReplayRequest, ReplayRequest__Output as _holdfast_v1_ReplayRequest__Output } from './holdfast/v1/ReplayRequest.js';
import type { ReplayResponse as _holdfast_v1_ReplayResponse, ReplayResponse__Output as _holdfast_v1_ReplayResponse__Output } from './holdfast/v1/ReplayResponse.js';
import type { ReplicaBatch as _holdfast_v1_ReplicaBatch, ReplicaBatch__Output as _holdfast_v1_ReplicaBatch__Output } from './holdfast/v1/ReplicaBatch.js';
import type { ReplicaHello as _holdfast_v1_ReplicaHello, ReplicaHello__Output as _holdfast_v1_ReplicaHello__Output } from './holdfast/v1/ReplicaHello.js';
import type { ReplicaReply as _holdfast_v1_ReplicaReply, ReplicaReply__Output as _holdfast_v1_ReplicaReply__Output } from './holdfast/v1/ReplicaReply.js';
import type { Replies as _holdfast_v1_Replies, Replies__Output as _holdfast_v1_Replies__Output } from './holdfast/v1/Replies.js';
import type { Reply as _holdfast_v1_Reply, Reply__Output as _holdfast_v1_Reply__Output } from './holdfast/v1/Reply.js';
import type { RetriedDeadLetter as _holdfast_v1_RetriedDeadLetter, RetriedDeadLetter__Output as _holdfast_v1_RetriedDeadLetter__Output } from './holdfast/v1/RetriedDeadLetter.js';
import type { RetryDeadLettersRequest as _holdfast_v1_RetryDeadLettersRequest, RetryDeadLettersRequest__Output as _holdfast_v1_RetryDeadLettersRequest__Output } from './holdfast/v1/RetryDeadLettersRequest.js';
import type { RetryDeadLettersResponse as _holdfast_v1_RetryDeadLettersResponse, RetryDeadLettersResponse__Output as _holdfast_v1_RetryDeadLettersResponse__Output } from './holdfast/v1/RetryDeadLettersResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  holdfast: {
    v1: {
      Batch: MessageTypeDefinition<_holdfast_v1_Batch, _holdfast_v1_Batch__Output>
      DeadLetter: MessageTypeDefinition<_holdfast_v1_DeadLetter, _holdfast_v1_DeadLetter__Output>
      DeadLetterName: MessageTypeDefinition<_holdfast_v1_DeadLetterName, _holdfast_v1_DeadLetterName__Output>
      DropDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_DropDeadLettersRequest, _holdfast_v1_DropDeadLettersRequest__Output>
      DropDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_DropDeadLettersResponse, _holdfast_v1_DropDeadLettersResponse__Output>
      ExplainRequest: MessageTypeDefinition<_holdfast_v1_ExplainRequest, _holdfast_v1_ExplainRequest__Output>
      Explanation: MessageTypeDefinition<_holdfast_v1_Explanation, _holdfast_v1_Explanation__Output>
      Hello: MessageTypeDefinition<_holdfast_v1_Hello, _holdfast_v1_Hello__Output>
      HelloReply: MessageTypeDefinition<_holdfast_v1_HelloReply, _holdfast_v1_HelloReply__Output>
      JournalRecord: MessageTypeDefinition<_holdfast_v1_JournalRecord, _holdfast_v1_JournalRecord__Output>
      ListDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_ListDeadLettersRequest, _holdfast_v1_ListDeadLettersRequest__Output>
      ListDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_ListDeadLettersResponse, _holdfast_v1_ListDeadLettersResponse__Output>
      Operation: MessageTypeDefinition<_holdfast_v1_Operation, _holdfast_v1_Operation__Output>
      Operator: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_OperatorClient> & { service: _holdfast_v1_OperatorDefinition }
      PartitionTerm: MessageTypeDefinition<_holdfast_v1_PartitionTerm, _holdfast_v1_PartitionTerm__Output>
      Peer: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_PeerClient> & { service: _holdfast_v1_PeerDefinition }
      ReleaseRequest: MessageTypeDefinition<_holdfast_v1_ReleaseRequest, _holdfast_v1_ReleaseRequest__Output>
      ReleaseResponse: MessageTypeDefinition<_holdfast_v1_ReleaseResponse, _holdfast_v1_ReleaseResponse__Output>
      ReplayRequest: MessageTypeDefinition<_holdfast_v1_ReplayRequest, _holdfast_v1_ReplayRequest__Output>
      ReplayResponse: MessageTypeDefinition<_holdfast_v1_ReplayResponse, _holdfast_v1_ReplayResponse__Output>
      ReplicaBatch: MessageTypeDefinition<_holdfast_v1_ReplicaBatch, _holdfast_v1_ReplicaBatch__Output>
      ReplicaHello: MessageTypeDefinition<_holdfast_v1_ReplicaHello, _holdfast_v1_ReplicaHello__Output>
      ReplicaReply: MessageTypeDefinition<_holdfast_v1_ReplicaReply, _holdfast_v1_ReplicaReply__Output>
      Replies: MessageTypeDefinition<_holdfast_v1_Replies, _holdfast_v1_Replies__Output>
      Reply: MessageTypeDefinition<_holdfast_v1_Reply, _holdfast_v1_Reply__Output>
      RetriedDeadLetter: MessageTypeDefinition<_holdfast_v1_RetriedDeadLetter, _holdfast_v1_RetriedDeadLetter__Output>
      RetryDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_RetryDeadLettersRequest, _holdfast_v1_RetryDeadLettersRequest__Output>
      RetryDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_RetryDeadLettersResponse, _holdfast_v1_RetryDeadLettersResponse__Output>
    }
  }
}

