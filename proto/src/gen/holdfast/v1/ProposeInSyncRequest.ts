// Original file: holdfast/v1/control.proto

import type { InSyncChange as _holdfast_v1_InSyncChange, InSyncChange__Output as _holdfast_v1_InSyncChange__Output } from '../../holdfast/v1/InSyncChange.js';
import type { Long } from '@grpc/proto-loader';

export interface ProposeInSyncRequest {
  /**
   * The owner that asks.
   */
  'incarnation'?: (string);
  /**
   * The epoch that it has read.
   */
  'epoch'?: (number | string | Long);
  'changes'?: (_holdfast_v1_InSyncChange)[];
}

export interface ProposeInSyncRequest__Output {
  /**
   * The owner that asks.
   */
  'incarnation': (string);
  /**
   * The epoch that it has read.
   */
  'epoch': (number);
  'changes': (_holdfast_v1_InSyncChange__Output)[];
}
