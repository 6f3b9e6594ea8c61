import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Batch as _holdfast_v1_Batch, Batch__Output as _holdfast_v1_Batch__Output } from './holdfast/v1/Batch.js';
import type { CacheClient as _holdfast_v1_CacheClient, CacheDefinition as _holdfast_v1_CacheDefinition } from './holdfast/v1/Cache.js';
import type { CacheStats as _holdfast_v1_CacheStats, CacheStats__Output as _holdfast_v1_CacheStats__Output } from './holdfast/v1/CacheStats.js';
import type { ClearRequest as _holdfast_v1_ClearRequest, ClearRequest__Output as _holdfast_v1_ClearRequest__Output } from './holdfast/v1/ClearRequest.js';
import type { ClearResponse as _holdfast_v1_ClearResponse, ClearResponse__Output as _holdfast_v1_ClearResponse__Output } from './holdfast/v1/ClearResponse.js';
import type { CurvePoint as _holdfast_v1_CurvePoint, CurvePoint__Output as _holdfast_v1_CurvePoint__Output } from './holdfast/v1/CurvePoint.js';
import type { DeadLetter as _holdfast_v1_DeadLetter, DeadLetter__Output as _holdfast_v1_DeadLetter__Output } from './holdfast/v1/DeadLetter.js';
import type { DeadLetterName as _holdfast_v1_DeadLetterName, DeadLetterName__Output as _holdfast_v1_DeadLetterName__Output } from './holdfast/v1/DeadLetterName.js';
import type { DeleteManyRequest as _holdfast_v1_DeleteManyRequest, DeleteManyRequest__Output as _holdfast_v1_DeleteManyRequest__Output } from './holdfast/v1/DeleteManyRequest.js';
import type { DeleteRequest as _holdfast_v1_DeleteRequest, DeleteRequest__Output as _holdfast_v1_DeleteRequest__Output } from './holdfast/v1/DeleteRequest.js';
import type { DropDeadLettersRequest as _holdfast_v1_DropDeadLettersRequest, DropDeadLettersRequest__Output as _holdfast_v1_DropDeadLettersRequest__Output } from './holdfast/v1/DropDeadLettersRequest.js';
import type { DropDeadLettersResponse as _holdfast_v1_DropDeadLettersResponse, DropDeadLettersResponse__Output as _holdfast_v1_DropDeadLettersResponse__Output } from './holdfast/v1/DropDeadLettersResponse.js';
import type { ExplainRequest as _holdfast_v1_ExplainRequest, ExplainRequest__Output as _holdfast_v1_ExplainRequest__Output } from './holdfast/v1/ExplainRequest.js';
import type { Explanation as _holdfast_v1_Explanation, Explanation__Output as _holdfast_v1_Explanation__Output } from './holdfast/v1/Explanation.js';
import type { FlushRequest as _holdfast_v1_FlushRequest, FlushRequest__Output as _holdfast_v1_FlushRequest__Output } from './holdfast/v1/FlushRequest.js';
import type { FlushResponse as _holdfast_v1_FlushResponse, FlushResponse__Output as _holdfast_v1_FlushResponse__Output } from './holdfast/v1/FlushResponse.js';
import type { GetManyRequest as _holdfast_v1_GetManyRequest, GetManyRequest__Output as _holdfast_v1_GetManyRequest__Output } from './holdfast/v1/GetManyRequest.js';
import type { GetRequest as _holdfast_v1_GetRequest, GetRequest__Output as _holdfast_v1_GetRequest__Output } from './holdfast/v1/GetRequest.js';
import type { GetResponse as _holdfast_v1_GetResponse, GetResponse__Output as _holdfast_v1_GetResponse__Output } from './holdfast/v1/GetResponse.js';
import type { Hello as _holdfast_v1_Hello, Hello__Output as _holdfast_v1_Hello__Output } from './holdfast/v1/Hello.js';
import type { HelloReply as _holdfast_v1_HelloReply, HelloReply__Output as _holdfast_v1_HelloReply__Output } from './holdfast/v1/HelloReply.js';
import type { IncrementRequest as _holdfast_v1_IncrementRequest, IncrementRequest__Output as _holdfast_v1_IncrementRequest__Output } from './holdfast/v1/IncrementRequest.js';
import type { IncrementResponse as _holdfast_v1_IncrementResponse, IncrementResponse__Output as _holdfast_v1_IncrementResponse__Output } from './holdfast/v1/IncrementResponse.js';
import type { ListDeadLettersRequest as _holdfast_v1_ListDeadLettersRequest, ListDeadLettersRequest__Output as _holdfast_v1_ListDeadLettersRequest__Output } from './holdfast/v1/ListDeadLettersRequest.js';
import type { ListDeadLettersResponse as _holdfast_v1_ListDeadLettersResponse, ListDeadLettersResponse__Output as _holdfast_v1_ListDeadLettersResponse__Output } from './holdfast/v1/ListDeadLettersResponse.js';
import type { ManyResponse as _holdfast_v1_ManyResponse, ManyResponse__Output as _holdfast_v1_ManyResponse__Output } from './holdfast/v1/ManyResponse.js';
import type { MissRatioCurve as _holdfast_v1_MissRatioCurve, MissRatioCurve__Output as _holdfast_v1_MissRatioCurve__Output } from './holdfast/v1/MissRatioCurve.js';
import type { Operation as _holdfast_v1_Operation, Operation__Output as _holdfast_v1_Operation__Output } from './holdfast/v1/Operation.js';
import type { OperatorClient as _holdfast_v1_OperatorClient, OperatorDefinition as _holdfast_v1_OperatorDefinition } from './holdfast/v1/Operator.js';
import type { PersistedRequest as _holdfast_v1_PersistedRequest, PersistedRequest__Output as _holdfast_v1_PersistedRequest__Output } from './holdfast/v1/PersistedRequest.js';
import type { PersistedResponse as _holdfast_v1_PersistedResponse, PersistedResponse__Output as _holdfast_v1_PersistedResponse__Output } from './holdfast/v1/PersistedResponse.js';
import type { Replies as _holdfast_v1_Replies, Replies__Output as _holdfast_v1_Replies__Output } from './holdfast/v1/Replies.js';
import type { Reply as _holdfast_v1_Reply, Reply__Output as _holdfast_v1_Reply__Output } from './holdfast/v1/Reply.js';
import type { RetriedDeadLetter as _holdfast_v1_RetriedDeadLetter, RetriedDeadLetter__Output as _holdfast_v1_RetriedDeadLetter__Output } from './holdfast/v1/RetriedDeadLetter.js';
import type { RetryDeadLettersRequest as _holdfast_v1_RetryDeadLettersRequest, RetryDeadLettersRequest__Output as _holdfast_v1_RetryDeadLettersRequest__Output } from './holdfast/v1/RetryDeadLettersRequest.js';
import type { RetryDeadLettersResponse as _holdfast_v1_RetryDeadLettersResponse, RetryDeadLettersResponse__Output as _holdfast_v1_RetryDeadLettersResponse__Output } from './holdfast/v1/RetryDeadLettersResponse.js';
import type { SetManyRequest as _holdfast_v1_SetManyRequest, SetManyRequest__Output as _holdfast_v1_SetManyRequest__Output } from './holdfast/v1/SetManyRequest.js';
import type { SetRequest as _holdfast_v1_SetRequest, SetRequest__Output as _holdfast_v1_SetRequest__Output } from './holdfast/v1/SetRequest.js';
import type { StatsRequest as _holdfast_v1_StatsRequest, StatsRequest__Output as _holdfast_v1_StatsRequest__Output } from './holdfast/v1/StatsRequest.js';
import type { StatsResponse as _holdfast_v1_StatsResponse, StatsResponse__Output as _holdfast_v1_StatsResponse__Output } from './holdfast/v1/StatsResponse.js';
import type { TouchRequest as _holdfast_v1_TouchRequest, TouchRequest__Output as _holdfast_v1_TouchRequest__Output } from './holdfast/v1/TouchRequest.js';
import type { TouchResponse as _holdfast_v1_TouchResponse, TouchResponse__Output as _holdfast_v1_TouchResponse__Output } from './holdfast/v1/TouchResponse.js';
import type { WarmProgress as _holdfast_v1_WarmProgress, WarmProgress__Output as _holdfast_v1_WarmProgress__Output } from './holdfast/v1/WarmProgress.js';
import type { WarmRequest as _holdfast_v1_WarmRequest, WarmRequest__Output as _holdfast_v1_WarmRequest__Output } from './holdfast/v1/WarmRequest.js';
import type { WriteResponse as _holdfast_v1_WriteResponse, WriteResponse__Output as _holdfast_v1_WriteResponse__Output } from './holdfast/v1/WriteResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  holdfast: {
    v1: {
      Batch: MessageTypeDefinition<_holdfast_v1_Batch, _holdfast_v1_Batch__Output>
      Cache: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_CacheClient> & { service: _holdfast_v1_CacheDefinition }
      CacheStats: MessageTypeDefinition<_holdfast_v1_CacheStats, _holdfast_v1_CacheStats__Output>
      ClearRequest: MessageTypeDefinition<_holdfast_v1_ClearRequest, _holdfast_v1_ClearRequest__Output>
      ClearResponse: MessageTypeDefinition<_holdfast_v1_ClearResponse, _holdfast_v1_ClearResponse__Output>
      CurvePoint: MessageTypeDefinition<_holdfast_v1_CurvePoint, _holdfast_v1_CurvePoint__Output>
      DeadLetter: MessageTypeDefinition<_holdfast_v1_DeadLetter, _holdfast_v1_DeadLetter__Output>
      DeadLetterName: MessageTypeDefinition<_holdfast_v1_DeadLetterName, _holdfast_v1_DeadLetterName__Output>
      DeleteManyRequest: MessageTypeDefinition<_holdfast_v1_DeleteManyRequest, _holdfast_v1_DeleteManyRequest__Output>
      DeleteRequest: MessageTypeDefinition<_holdfast_v1_DeleteRequest, _holdfast_v1_DeleteRequest__Output>
      DropDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_DropDeadLettersRequest, _holdfast_v1_DropDeadLettersRequest__Output>
      DropDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_DropDeadLettersResponse, _holdfast_v1_DropDeadLettersResponse__Output>
      ExplainRequest: MessageTypeDefinition<_holdfast_v1_ExplainRequest, _holdfast_v1_ExplainRequest__Output>
      Explanation: MessageTypeDefinition<_holdfast_v1_Explanation, _holdfast_v1_Explanation__Output>
      FlushRequest: MessageTypeDefinition<_holdfast_v1_FlushRequest, _holdfast_v1_FlushRequest__Output>
      FlushResponse: MessageTypeDefinition<_holdfast_v1_FlushResponse, _holdfast_v1_FlushResponse__Output>
      GetManyRequest: MessageTypeDefinition<_holdfast_v1_GetManyRequest, _holdfast_v1_GetManyRequest__Output>
      GetRequest: MessageTypeDefinition<_holdfast_v1_GetRequest, _holdfast_v1_GetRequest__Output>
      GetResponse: MessageTypeDefinition<_holdfast_v1_GetResponse, _holdfast_v1_GetResponse__Output>
      Hello: MessageTypeDefinition<_holdfast_v1_Hello, _holdfast_v1_Hello__Output>
      HelloReply: MessageTypeDefinition<_holdfast_v1_HelloReply, _holdfast_v1_HelloReply__Output>
      IncrementRequest: MessageTypeDefinition<_holdfast_v1_IncrementRequest, _holdfast_v1_IncrementRequest__Output>
      IncrementResponse: MessageTypeDefinition<_holdfast_v1_IncrementResponse, _holdfast_v1_IncrementResponse__Output>
      ListDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_ListDeadLettersRequest, _holdfast_v1_ListDeadLettersRequest__Output>
      ListDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_ListDeadLettersResponse, _holdfast_v1_ListDeadLettersResponse__Output>
      ManyResponse: MessageTypeDefinition<_holdfast_v1_ManyResponse, _holdfast_v1_ManyResponse__Output>
      MissRatioCurve: MessageTypeDefinition<_holdfast_v1_MissRatioCurve, _holdfast_v1_MissRatioCurve__Output>
      Operation: MessageTypeDefinition<_holdfast_v1_Operation, _holdfast_v1_Operation__Output>
      Operator: SubtypeConstructor<typeof grpc.Client, _holdfast_v1_OperatorClient> & { service: _holdfast_v1_OperatorDefinition }
      PersistedRequest: MessageTypeDefinition<_holdfast_v1_PersistedRequest, _holdfast_v1_PersistedRequest__Output>
      PersistedResponse: MessageTypeDefinition<_holdfast_v1_PersistedResponse, _holdfast_v1_PersistedResponse__Output>
      Replies: MessageTypeDefinition<_holdfast_v1_Replies, _holdfast_v1_Replies__Output>
      Reply: MessageTypeDefinition<_holdfast_v1_Reply, _holdfast_v1_Reply__Output>
      RetriedDeadLetter: MessageTypeDefinition<_holdfast_v1_RetriedDeadLetter, _holdfast_v1_RetriedDeadLetter__Output>
      RetryDeadLettersRequest: MessageTypeDefinition<_holdfast_v1_RetryDeadLettersRequest, _holdfast_v1_RetryDeadLettersRequest__Output>
      RetryDeadLettersResponse: MessageTypeDefinition<_holdfast_v1_RetryDeadLettersResponse, _holdfast_v1_RetryDeadLettersResponse__Output>
      SetManyRequest: MessageTypeDefinition<_holdfast_v1_SetManyRequest, _holdfast_v1_SetManyRequest__Output>
      SetRequest: MessageTypeDefinition<_holdfast_v1_SetRequest, _holdfast_v1_SetRequest__Output>
      StatsRequest: MessageTypeDefinition<_holdfast_v1_StatsRequest, _holdfast_v1_StatsRequest__Output>
      StatsResponse: MessageTypeDefinition<_holdfast_v1_StatsResponse, _holdfast_v1_StatsResponse__Output>
      TouchRequest: MessageTypeDefinition<_holdfast_v1_TouchRequest, _holdfast_v1_TouchRequest__Output>
      TouchResponse: MessageTypeDefinition<_holdfast_v1_TouchResponse, _holdfast_v1_TouchResponse__Output>
      WarmProgress: MessageTypeDefinition<_holdfast_v1_WarmProgress, _holdfast_v1_WarmProgress__Output>
      WarmRequest: MessageTypeDefinition<_holdfast_v1_WarmRequest, _holdfast_v1_WarmRequest__Output>
      WriteResponse: MessageTypeDefinition<_holdfast_v1_WriteResponse, _holdfast_v1_WriteResponse__Output>
    }
  }
}

