// Original file: holdfast/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface _holdfast_v1_ReleaseResponse_Result {
  'partition'?: (number);
  'term'?: (number);
  'status'?: (_holdfast_v1_ReleaseResponse_Status);
  /**
   * The last sequence that was assigned.
   */
  'sequence'?: (number);
}

export interface _holdfast_v1_ReleaseResponse_Result__Output {
  'partition': (number);
  'term': (number);
  'status': (_holdfast_v1_ReleaseResponse_Status__Output);
  /**
   * The last sequence that was assigned.
   */
  'sequence': (number);
}

// Original file: holdfast/v1/peer.proto

export const _holdfast_v1_ReleaseResponse_Status = {
  /**
   * The topology does not show this move, or another owner. Nothing changed.
   */
  REFUSED: 'REFUSED',
  RELEASED: 'RELEASED',
  /**
   * The target has not got everything, or it could not finish in time: it goes on serving.
   */
  BUSY: 'BUSY',
} as const;

export type _holdfast_v1_ReleaseResponse_Status =
  /**
   * The topology does not show this move, or another owner. Nothing changed.
   */
  | 'REFUSED'
  | 0
  | 'RELEASED'
  | 1
  /**
   * The target has not got everything, or it could not finish in time: it goes on serving.
   */
  | 'BUSY'
  | 2

export type _holdfast_v1_ReleaseResponse_Status__Output = typeof _holdfast_v1_ReleaseResponse_Status[keyof typeof _holdfast_v1_ReleaseResponse_Status]

export interface ReleaseResponse {
  /**
   * Echo of the request's epoch: what was released may be served again only on a later one.
   */
  'epoch'?: (number | string | Long);
  'results'?: (_holdfast_v1_ReleaseResponse_Result)[];
}

export interface ReleaseResponse__Output {
  /**
   * Echo of the request's epoch: what was released may be served again only on a later one.
   */
  'epoch': (number);
  'results': (_holdfast_v1_ReleaseResponse_Result__Output)[];
}
