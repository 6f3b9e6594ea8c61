// Original file: holdfast/v1/control.proto

import type { Long } from '@grpc/proto-loader';

export interface RemoveInSyncResponse {
  /**
   * From this epoch on none of them is in sync.
   */
  'epoch'?: (number | string | Long);
}

export interface RemoveInSyncResponse__Output {
  /**
   * From this epoch on none of them is in sync.
   */
  'epoch': (number);
}
