// Original file: holdfast/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface ReplicaReply {
  /**
   * Of the batch.
   */
  'id'?: (number | string | Long);
  /**
   * Every record up to this number has been taken, or belongs to a refused partition.
   */
  'through'?: (number | string | Long);
  /**
   * Partitions, by the numbers of their synchronisations, that the backup takes no more of.
   */
  'refused'?: (number | string | Long)[];
  /**
   * There is no room for more now: send what is left again, in a while.
   */
  'overloaded'?: (boolean);
}

export interface ReplicaReply__Output {
  /**
   * Of the batch.
   */
  'id': (number);
  /**
   * Every record up to this number has been taken, or belongs to a refused partition.
   */
  'through': (number);
  /**
   * Partitions, by the numbers of their synchronisations, that the backup takes no more of.
   */
  'refused': (number)[];
  /**
   * There is no room for more now: send what is left again, in a while.
   */
  'overloaded': (boolean);
}
