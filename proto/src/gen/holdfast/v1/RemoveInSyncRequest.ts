// Original file: holdfast/v1/control.proto

import type { InSyncChange as _holdfast_v1_InSyncChange, InSyncChange__Output as _holdfast_v1_InSyncChange__Output } from '../../holdfast/v1/InSyncChange.js';

export interface RemoveInSyncRequest {
  'incarnation'?: (string);
  'changes'?: (_holdfast_v1_InSyncChange)[];
}

export interface RemoveInSyncRequest__Output {
  'incarnation': (string);
  'changes': (_holdfast_v1_InSyncChange__Output)[];
}
