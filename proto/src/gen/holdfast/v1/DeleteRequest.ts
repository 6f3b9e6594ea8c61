// Original file: holdfast/v1/cache.proto

import type { _holdfast_v1_Operation_Ack, _holdfast_v1_Operation_Ack__Output } from '../../holdfast/v1/Operation.js';
import type { Long } from '@grpc/proto-loader';

export interface DeleteRequest {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
  'expectedVersion'?: (number | string | Long);
  'ack'?: (_holdfast_v1_Operation_Ack);
  '_expectedVersion'?: "expectedVersion";
}

export interface DeleteRequest__Output {
  'cache': (string);
  'key': (Buffer);
  'expectedVersion'?: (number);
  'ack': (_holdfast_v1_Operation_Ack__Output);
  '_expectedVersion'?: "expectedVersion";
}
