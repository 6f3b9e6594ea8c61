// Original file: holdfast/v1/peer.proto

import type { PartitionTerm as _holdfast_v1_PartitionTerm, PartitionTerm__Output as _holdfast_v1_PartitionTerm__Output } from '../../holdfast/v1/PartitionTerm.js';
import type { Long } from '@grpc/proto-loader';

export interface ReleaseRequest {
  /**
   * The epoch that shows these moves. The owner reads it before it answers.
   */
  'epoch'?: (number | string | Long);
  /**
   * The incarnation that is asked; another one refuses.
   */
  'incarnation'?: (string);
  'partitions'?: (_holdfast_v1_PartitionTerm)[];
}

export interface ReleaseRequest__Output {
  /**
   * The epoch that shows these moves. The owner reads it before it answers.
   */
  'epoch': (number);
  /**
   * The incarnation that is asked; another one refuses.
   */
  'incarnation': (string);
  'partitions': (_holdfast_v1_PartitionTerm__Output)[];
}
