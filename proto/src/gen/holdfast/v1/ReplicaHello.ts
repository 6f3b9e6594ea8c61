// Original file: holdfast/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface ReplicaHello {
  /**
   * The owner, and whom it takes the receiver for. Another incarnation ends the stream.
   */
  'from'?: (string);
  'to'?: (string);
  /**
   * Numbers of records begin anew with each session of an owner; a later one ends the one before.
   */
  'session'?: (number | string | Long);
  /**
   * With each reply the backup promises to own none of the partitions on this stream for so long.
   */
  'promiseMs'?: (number);
}

export interface ReplicaHello__Output {
  /**
   * The owner, and whom it takes the receiver for. Another incarnation ends the stream.
   */
  'from': (string);
  'to': (string);
  /**
   * Numbers of records begin anew with each session of an owner; a later one ends the one before.
   */
  'session': (number);
  /**
   * With each reply the backup promises to own none of the partitions on this stream for so long.
   */
  'promiseMs': (number);
}
