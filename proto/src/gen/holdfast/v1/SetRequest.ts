// Original file: holdfast/v1/cache.proto

import type { _holdfast_v1_Operation_Ack, _holdfast_v1_Operation_Ack__Output } from '../../holdfast/v1/Operation.js';
import type { Long } from '@grpc/proto-loader';

export interface SetRequest {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
  'value'?: (Buffer | Uint8Array | string);
  /**
   * As in Operation.
   */
  'encoding'?: (number);
  'ttlMs'?: (number | string | Long);
  'expectedVersion'?: (number | string | Long);
  'ack'?: (_holdfast_v1_Operation_Ack);
  'softTtlMs'?: (number | string | Long);
  '_ttlMs'?: "ttlMs";
  '_expectedVersion'?: "expectedVersion";
  '_softTtlMs'?: "softTtlMs";
}

export interface SetRequest__Output {
  'cache': (string);
  'key': (Buffer);
  'value': (Buffer);
  /**
   * As in Operation.
   */
  'encoding': (number);
  'ttlMs'?: (number);
  'expectedVersion'?: (number);
  'ack': (_holdfast_v1_Operation_Ack__Output);
  'softTtlMs'?: (number);
  '_ttlMs'?: "ttlMs";
  '_expectedVersion'?: "expectedVersion";
  '_softTtlMs'?: "softTtlMs";
}
