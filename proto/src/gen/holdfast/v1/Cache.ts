// Original file: holdfast/v1/cache.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Batch as _holdfast_v1_Batch, Batch__Output as _holdfast_v1_Batch__Output } from '../../holdfast/v1/Batch.js';
import type { ClearRequest as _holdfast_v1_ClearRequest, ClearRequest__Output as _holdfast_v1_ClearRequest__Output } from '../../holdfast/v1/ClearRequest.js';
import type { ClearResponse as _holdfast_v1_ClearResponse, ClearResponse__Output as _holdfast_v1_ClearResponse__Output } from '../../holdfast/v1/ClearResponse.js';
import type { DeleteManyRequest as _holdfast_v1_DeleteManyRequest, DeleteManyRequest__Output as _holdfast_v1_DeleteManyRequest__Output } from '../../holdfast/v1/DeleteManyRequest.js';
import type { DeleteRequest as _holdfast_v1_DeleteRequest, DeleteRequest__Output as _holdfast_v1_DeleteRequest__Output } from '../../holdfast/v1/DeleteRequest.js';
import type { FlushRequest as _holdfast_v1_FlushRequest, FlushRequest__Output as _holdfast_v1_FlushRequest__Output } from '../../holdfast/v1/FlushRequest.js';
import type { FlushResponse as _holdfast_v1_FlushResponse, FlushResponse__Output as _holdfast_v1_FlushResponse__Output } from '../../holdfast/v1/FlushResponse.js';
import type { GetManyRequest as _holdfast_v1_GetManyRequest, GetManyRequest__Output as _holdfast_v1_GetManyRequest__Output } from '../../holdfast/v1/GetManyRequest.js';
import type { GetRequest as _holdfast_v1_GetRequest, GetRequest__Output as _holdfast_v1_GetRequest__Output } from '../../holdfast/v1/GetRequest.js';
import type { GetResponse as _holdfast_v1_GetResponse, GetResponse__Output as _holdfast_v1_GetResponse__Output } from '../../holdfast/v1/GetResponse.js';
import type { IncrementRequest as _holdfast_v1_IncrementRequest, IncrementRequest__Output as _holdfast_v1_IncrementRequest__Output } from '../../holdfast/v1/IncrementRequest.js';
import type { IncrementResponse as _holdfast_v1_IncrementResponse, IncrementResponse__Output as _holdfast_v1_IncrementResponse__Output } from '../../holdfast/v1/IncrementResponse.js';
import type { ManyResponse as _holdfast_v1_ManyResponse, ManyResponse__Output as _holdfast_v1_ManyResponse__Output } from '../../holdfast/v1/ManyResponse.js';
import type { PersistedRequest as _holdfast_v1_PersistedRequest, PersistedRequest__Output as _holdfast_v1_PersistedRequest__Output } from '../../holdfast/v1/PersistedRequest.js';
import type { PersistedResponse as _holdfast_v1_PersistedResponse, PersistedResponse__Output as _holdfast_v1_PersistedResponse__Output } from '../../holdfast/v1/PersistedResponse.js';
import type { Replies as _holdfast_v1_Replies, Replies__Output as _holdfast_v1_Replies__Output } from '../../holdfast/v1/Replies.js';
import type { SetManyRequest as _holdfast_v1_SetManyRequest, SetManyRequest__Output as _holdfast_v1_SetManyRequest__Output } from '../../holdfast/v1/SetManyRequest.js';
import type { SetRequest as _holdfast_v1_SetRequest, SetRequest__Output as _holdfast_v1_SetRequest__Output } from '../../holdfast/v1/SetRequest.js';
import type { StatsRequest as _holdfast_v1_StatsRequest, StatsRequest__Output as _holdfast_v1_StatsRequest__Output } from '../../holdfast/v1/StatsRequest.js';
import type { StatsResponse as _holdfast_v1_StatsResponse, StatsResponse__Output as _holdfast_v1_StatsResponse__Output } from '../../holdfast/v1/StatsResponse.js';
import type { TouchRequest as _holdfast_v1_TouchRequest, TouchRequest__Output as _holdfast_v1_TouchRequest__Output } from '../../holdfast/v1/TouchRequest.js';
import type { TouchResponse as _holdfast_v1_TouchResponse, TouchResponse__Output as _holdfast_v1_TouchResponse__Output } from '../../holdfast/v1/TouchResponse.js';
import type { WarmProgress as _holdfast_v1_WarmProgress, WarmProgress__Output as _holdfast_v1_WarmProgress__Output } from '../../holdfast/v1/WarmProgress.js';
import type { WarmRequest as _holdfast_v1_WarmRequest, WarmRequest__Output as _holdfast_v1_WarmRequest__Output } from '../../holdfast/v1/WarmRequest.js';
import type { WriteResponse as _holdfast_v1_WriteResponse, WriteResponse__Output as _holdfast_v1_WriteResponse__Output } from '../../holdfast/v1/WriteResponse.js';

export interface CacheClient extends grpc.Client {
  /**
   * Drops the cached entries of a whole cache on every node. Database rows stay.
   */
  Clear(argument: _holdfast_v1_ClearRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  Clear(argument: _holdfast_v1_ClearRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  Clear(argument: _holdfast_v1_ClearRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  Clear(argument: _holdfast_v1_ClearRequest, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Drops the cached entries of a whole cache on every node. Database rows stay.
   */
  clear(argument: _holdfast_v1_ClearRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  clear(argument: _holdfast_v1_ClearRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  clear(argument: _holdfast_v1_ClearRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  clear(argument: _holdfast_v1_ClearRequest, callback: grpc.requestCallback<_holdfast_v1_ClearResponse__Output>): grpc.ClientUnaryCall;
  
  Delete(argument: _holdfast_v1_DeleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _holdfast_v1_DeleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _holdfast_v1_DeleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  Delete(argument: _holdfast_v1_DeleteRequest, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _holdfast_v1_DeleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _holdfast_v1_DeleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _holdfast_v1_DeleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  delete(argument: _holdfast_v1_DeleteRequest, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  
  DeleteMany(argument: _holdfast_v1_DeleteManyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  DeleteMany(argument: _holdfast_v1_DeleteManyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  DeleteMany(argument: _holdfast_v1_DeleteManyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  DeleteMany(argument: _holdfast_v1_DeleteManyRequest, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  deleteMany(argument: _holdfast_v1_DeleteManyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  deleteMany(argument: _holdfast_v1_DeleteManyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  deleteMany(argument: _holdfast_v1_DeleteManyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  deleteMany(argument: _holdfast_v1_DeleteManyRequest, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Sends the newest write of a key to the database now if it is not there yet, and waits for that as
   * long as the call lasts.
   */
  Flush(argument: _holdfast_v1_FlushRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  Flush(argument: _holdfast_v1_FlushRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  Flush(argument: _holdfast_v1_FlushRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  Flush(argument: _holdfast_v1_FlushRequest, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Sends the newest write of a key to the database now if it is not there yet, and waits for that as
   * long as the call lasts.
   */
  flush(argument: _holdfast_v1_FlushRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  flush(argument: _holdfast_v1_FlushRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  flush(argument: _holdfast_v1_FlushRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  flush(argument: _holdfast_v1_FlushRequest, callback: grpc.requestCallback<_holdfast_v1_FlushResponse__Output>): grpc.ClientUnaryCall;
  
  Get(argument: _holdfast_v1_GetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  Get(argument: _holdfast_v1_GetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  Get(argument: _holdfast_v1_GetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  Get(argument: _holdfast_v1_GetRequest, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _holdfast_v1_GetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _holdfast_v1_GetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _holdfast_v1_GetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  get(argument: _holdfast_v1_GetRequest, callback: grpc.requestCallback<_holdfast_v1_GetResponse__Output>): grpc.ClientUnaryCall;
  
  GetMany(argument: _holdfast_v1_GetManyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  GetMany(argument: _holdfast_v1_GetManyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  GetMany(argument: _holdfast_v1_GetManyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  GetMany(argument: _holdfast_v1_GetManyRequest, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  getMany(argument: _holdfast_v1_GetManyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  getMany(argument: _holdfast_v1_GetManyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  getMany(argument: _holdfast_v1_GetManyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  getMany(argument: _holdfast_v1_GetManyRequest, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Adds to an integer; an absent key counts as 0.
   */
  Increment(argument: _holdfast_v1_IncrementRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  Increment(argument: _holdfast_v1_IncrementRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  Increment(argument: _holdfast_v1_IncrementRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  Increment(argument: _holdfast_v1_IncrementRequest, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Adds to an integer; an absent key counts as 0.
   */
  increment(argument: _holdfast_v1_IncrementRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  increment(argument: _holdfast_v1_IncrementRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  increment(argument: _holdfast_v1_IncrementRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  increment(argument: _holdfast_v1_IncrementRequest, callback: grpc.requestCallback<_holdfast_v1_IncrementResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Waits, as long as the call lasts, until the database has a write or a later one of its key. Fails
   * with DEAD_LETTER or WRITE_LOST when it never will.
   */
  Persisted(argument: _holdfast_v1_PersistedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  Persisted(argument: _holdfast_v1_PersistedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  Persisted(argument: _holdfast_v1_PersistedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  Persisted(argument: _holdfast_v1_PersistedRequest, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Waits, as long as the call lasts, until the database has a write or a later one of its key. Fails
   * with DEAD_LETTER or WRITE_LOST when it never will.
   */
  persisted(argument: _holdfast_v1_PersistedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  persisted(argument: _holdfast_v1_PersistedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  persisted(argument: _holdfast_v1_PersistedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  persisted(argument: _holdfast_v1_PersistedRequest, callback: grpc.requestCallback<_holdfast_v1_PersistedResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Batches of operations for this node, and their replies as they complete. The node answers the
   * first message's hello at once, operations or not. When it stops, it answers everything it has
   * begun, and only then ends the stream with OK: what is unanswered then was not executed.
   */
  Pipe(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_Batch, _holdfast_v1_Replies__Output>;
  Pipe(options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_Batch, _holdfast_v1_Replies__Output>;
  /**
   * Batches of operations for this node, and their replies as they complete. The node answers the
   * first message's hello at once, operations or not. When it stops, it answers everything it has
   * begun, and only then ends the stream with OK: what is unanswered then was not executed.
   */
  pipe(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_Batch, _holdfast_v1_Replies__Output>;
  pipe(options?: grpc.CallOptions): grpc.ClientDuplexStream<_holdfast_v1_Batch, _holdfast_v1_Replies__Output>;
  
  Set(argument: _holdfast_v1_SetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  Set(argument: _holdfast_v1_SetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  Set(argument: _holdfast_v1_SetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  Set(argument: _holdfast_v1_SetRequest, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  set(argument: _holdfast_v1_SetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  set(argument: _holdfast_v1_SetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  set(argument: _holdfast_v1_SetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  set(argument: _holdfast_v1_SetRequest, callback: grpc.requestCallback<_holdfast_v1_WriteResponse__Output>): grpc.ClientUnaryCall;
  
  SetMany(argument: _holdfast_v1_SetManyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  SetMany(argument: _holdfast_v1_SetManyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  SetMany(argument: _holdfast_v1_SetManyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  SetMany(argument: _holdfast_v1_SetManyRequest, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  setMany(argument: _holdfast_v1_SetManyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  setMany(argument: _holdfast_v1_SetManyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  setMany(argument: _holdfast_v1_SetManyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  setMany(argument: _holdfast_v1_SetManyRequest, callback: grpc.requestCallback<_holdfast_v1_ManyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Counters of the asked node.
   */
  Stats(argument: _holdfast_v1_StatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  Stats(argument: _holdfast_v1_StatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  Stats(argument: _holdfast_v1_StatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  Stats(argument: _holdfast_v1_StatsRequest, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Counters of the asked node.
   */
  stats(argument: _holdfast_v1_StatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  stats(argument: _holdfast_v1_StatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  stats(argument: _holdfast_v1_StatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  stats(argument: _holdfast_v1_StatsRequest, callback: grpc.requestCallback<_holdfast_v1_StatsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Gives an entry a new lifetime.
   */
  Touch(argument: _holdfast_v1_TouchRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  Touch(argument: _holdfast_v1_TouchRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  Touch(argument: _holdfast_v1_TouchRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  Touch(argument: _holdfast_v1_TouchRequest, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Gives an entry a new lifetime.
   */
  touch(argument: _holdfast_v1_TouchRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  touch(argument: _holdfast_v1_TouchRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  touch(argument: _holdfast_v1_TouchRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  touch(argument: _holdfast_v1_TouchRequest, callback: grpc.requestCallback<_holdfast_v1_TouchResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Loads keys into the cluster ahead of their first read; streams progress.
   */
  Warm(argument: _holdfast_v1_WarmRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_WarmProgress__Output>;
  Warm(argument: _holdfast_v1_WarmRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_WarmProgress__Output>;
  /**
   * Loads keys into the cluster ahead of their first read; streams progress.
   */
  warm(argument: _holdfast_v1_WarmRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_WarmProgress__Output>;
  warm(argument: _holdfast_v1_WarmRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_holdfast_v1_WarmProgress__Output>;
  
}

export interface CacheHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Drops the cached entries of a whole cache on every node. Database rows stay.
   */
  Clear: grpc.handleUnaryCall<_holdfast_v1_ClearRequest__Output, _holdfast_v1_ClearResponse>;
  
  Delete: grpc.handleUnaryCall<_holdfast_v1_DeleteRequest__Output, _holdfast_v1_WriteResponse>;
  
  DeleteMany: grpc.handleUnaryCall<_holdfast_v1_DeleteManyRequest__Output, _holdfast_v1_ManyResponse>;
  
  /**
   * Sends the newest write of a key to the database now if it is not there yet, and waits for that as
   * long as the call lasts.
   */
  Flush: grpc.handleUnaryCall<_holdfast_v1_FlushRequest__Output, _holdfast_v1_FlushResponse>;
  
  Get: grpc.handleUnaryCall<_holdfast_v1_GetRequest__Output, _holdfast_v1_GetResponse>;
  
  GetMany: grpc.handleUnaryCall<_holdfast_v1_GetManyRequest__Output, _holdfast_v1_ManyResponse>;
  
  /**
   * Adds to an integer; an absent key counts as 0.
   */
  Increment: grpc.handleUnaryCall<_holdfast_v1_IncrementRequest__Output, _holdfast_v1_IncrementResponse>;
  
  /**
   * Waits, as long as the call lasts, until the database has a write or a later one of its key. Fails
   * with DEAD_LETTER or WRITE_LOST when it never will.
   */
  Persisted: grpc.handleUnaryCall<_holdfast_v1_PersistedRequest__Output, _holdfast_v1_PersistedResponse>;
  
  /**
   * Batches of operations for this node, and their replies as they complete. The node answers the
   * first message's hello at once, operations or not. When it stops, it answers everything it has
   * begun, and only then ends the stream with OK: what is unanswered then was not executed.
   */
  Pipe: grpc.handleBidiStreamingCall<_holdfast_v1_Batch__Output, _holdfast_v1_Replies>;
  
  Set: grpc.handleUnaryCall<_holdfast_v1_SetRequest__Output, _holdfast_v1_WriteResponse>;
  
  SetMany: grpc.handleUnaryCall<_holdfast_v1_SetManyRequest__Output, _holdfast_v1_ManyResponse>;
  
  /**
   * Counters of the asked node.
   */
  Stats: grpc.handleUnaryCall<_holdfast_v1_StatsRequest__Output, _holdfast_v1_StatsResponse>;
  
  /**
   * Gives an entry a new lifetime.
   */
  Touch: grpc.handleUnaryCall<_holdfast_v1_TouchRequest__Output, _holdfast_v1_TouchResponse>;
  
  /**
   * Loads keys into the cluster ahead of their first read; streams progress.
   */
  Warm: grpc.handleServerStreamingCall<_holdfast_v1_WarmRequest__Output, _holdfast_v1_WarmProgress>;
  
}

export interface CacheDefinition extends grpc.ServiceDefinition {
  Clear: MethodDefinition<_holdfast_v1_ClearRequest, _holdfast_v1_ClearResponse, _holdfast_v1_ClearRequest__Output, _holdfast_v1_ClearResponse__Output>
  Delete: MethodDefinition<_holdfast_v1_DeleteRequest, _holdfast_v1_WriteResponse, _holdfast_v1_DeleteRequest__Output, _holdfast_v1_WriteResponse__Output>
  DeleteMany: MethodDefinition<_holdfast_v1_DeleteManyRequest, _holdfast_v1_ManyResponse, _holdfast_v1_DeleteManyRequest__Output, _holdfast_v1_ManyResponse__Output>
  Flush: MethodDefinition<_holdfast_v1_FlushRequest, _holdfast_v1_FlushResponse, _holdfast_v1_FlushRequest__Output, _holdfast_v1_FlushResponse__Output>
  Get: MethodDefinition<_holdfast_v1_GetRequest, _holdfast_v1_GetResponse, _holdfast_v1_GetRequest__Output, _holdfast_v1_GetResponse__Output>
  GetMany: MethodDefinition<_holdfast_v1_GetManyRequest, _holdfast_v1_ManyResponse, _holdfast_v1_GetManyRequest__Output, _holdfast_v1_ManyResponse__Output>
  Increment: MethodDefinition<_holdfast_v1_IncrementRequest, _holdfast_v1_IncrementResponse, _holdfast_v1_IncrementRequest__Output, _holdfast_v1_IncrementResponse__Output>
  Persisted: MethodDefinition<_holdfast_v1_PersistedRequest, _holdfast_v1_PersistedResponse, _holdfast_v1_PersistedRequest__Output, _holdfast_v1_PersistedResponse__Output>
  Pipe: MethodDefinition<_holdfast_v1_Batch, _holdfast_v1_Replies, _holdfast_v1_Batch__Output, _holdfast_v1_Replies__Output>
  Set: MethodDefinition<_holdfast_v1_SetRequest, _holdfast_v1_WriteResponse, _holdfast_v1_SetRequest__Output, _holdfast_v1_WriteResponse__Output>
  SetMany: MethodDefinition<_holdfast_v1_SetManyRequest, _holdfast_v1_ManyResponse, _holdfast_v1_SetManyRequest__Output, _holdfast_v1_ManyResponse__Output>
  Stats: MethodDefinition<_holdfast_v1_StatsRequest, _holdfast_v1_StatsResponse, _holdfast_v1_StatsRequest__Output, _holdfast_v1_StatsResponse__Output>
  Touch: MethodDefinition<_holdfast_v1_TouchRequest, _holdfast_v1_TouchResponse, _holdfast_v1_TouchRequest__Output, _holdfast_v1_TouchResponse__Output>
  Warm: MethodDefinition<_holdfast_v1_WarmRequest, _holdfast_v1_WarmProgress, _holdfast_v1_WarmRequest__Output, _holdfast_v1_WarmProgress__Output>
}
