// Original file: holdfast/v1/peer.proto

import type { JournalRecord as _holdfast_v1_JournalRecord, JournalRecord__Output as _holdfast_v1_JournalRecord__Output } from '../../holdfast/v1/JournalRecord.js';
import type { Long } from '@grpc/proto-loader';

export interface ReplayRequest {
  /**
   * As in a batch: the sender's epoch, a hint, and how long it waits.
   */
  'epoch'?: (number | string | Long);
  'budgetMs'?: (number);
  'records'?: (_holdfast_v1_JournalRecord)[];
}

export interface ReplayRequest__Output {
  /**
   * As in a batch: the sender's epoch, a hint, and how long it waits.
   */
  'epoch': (number);
  'budgetMs': (number);
  'records': (_holdfast_v1_JournalRecord__Output)[];
}
