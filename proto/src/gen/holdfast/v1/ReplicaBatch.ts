// Original file: holdfast/v1/peer.proto

import type { ReplicaHello as _holdfast_v1_ReplicaHello, ReplicaHello__Output as _holdfast_v1_ReplicaHello__Output } from '../../holdfast/v1/ReplicaHello.js';
import type { ReplicaRecord as _holdfast_v1_ReplicaRecord, ReplicaRecord__Output as _holdfast_v1_ReplicaRecord__Output } from '../../holdfast/v1/ReplicaRecord.js';
import type { Long } from '@grpc/proto-loader';

export interface ReplicaBatch {
  /**
   * In the first batch of a stream, and only there.
   */
  'hello'?: (_holdfast_v1_ReplicaHello | null);
  /**
   * Names this batch in its reply.
   */
  'id'?: (number | string | Long);
  /**
   * Number of the first record; the others follow without gaps. Records that the backup has had
   * already are skipped. A batch without records asks for a reply all the same.
   */
  'first'?: (number | string | Long);
  'records'?: (_holdfast_v1_ReplicaRecord)[];
  /**
   * CLEANs that come later in the sequence, too: where the backup is full, they make room for what
   * comes before them.
   */
  'cleaned'?: (_holdfast_v1_ReplicaRecord)[];
}

export interface ReplicaBatch__Output {
  /**
   * In the first batch of a stream, and only there.
   */
  'hello': (_holdfast_v1_ReplicaHello__Output | null);
  /**
   * Names this batch in its reply.
   */
  'id': (number);
  /**
   * Number of the first record; the others follow without gaps. Records that the backup has had
   * already are skipped. A batch without records asks for a reply all the same.
   */
  'first': (number);
  'records': (_holdfast_v1_ReplicaRecord__Output)[];
  /**
   * CLEANs that come later in the sequence, too: where the backup is full, they make room for what
   * comes before them.
   */
  'cleaned': (_holdfast_v1_ReplicaRecord__Output)[];
}
