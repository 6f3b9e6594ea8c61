// Original file: holdfast/v1/cache.proto

import type { _holdfast_v1_Operation_Ack, _holdfast_v1_Operation_Ack__Output } from '../../holdfast/v1/Operation.js';
import type { Long } from '@grpc/proto-loader';

export interface PersistedRequest {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
  /**
   * What the write was answered with.
   */
  'version'?: (number | string | Long);
  /**
   * The level that the write asked for.
   */
  'ack'?: (_holdfast_v1_Operation_Ack);
}

export interface PersistedRequest__Output {
  'cache': (string);
  'key': (Buffer);
  /**
   * What the write was answered with.
   */
  'version': (number);
  /**
   * The level that the write asked for.
   */
  'ack': (_holdfast_v1_Operation_Ack__Output);
}
