// Original file: holdfast/v1/pipe.proto

import type { Hello as _holdfast_v1_Hello, Hello__Output as _holdfast_v1_Hello__Output } from '../../holdfast/v1/Hello.js';
import type { Operation as _holdfast_v1_Operation, Operation__Output as _holdfast_v1_Operation__Output } from '../../holdfast/v1/Operation.js';
import type { Long } from '@grpc/proto-loader';

/**
 * Operations for one node. They are independent: each has its own reply, in any order.
 */
export interface Batch {
  /**
   * Set in the first message of a pipe only.
   */
  'hello'?: (_holdfast_v1_Hello | null);
  /**
   * Epoch of the sender's topology. A hint: correctness rests on terms, never on it.
   */
  'epoch'?: (number | string | Long);
  /**
   * How long the sender waits, in milliseconds. The node answers before that.
   */
  'budgetMs'?: (number);
  'operations'?: (_holdfast_v1_Operation)[];
  '_hello'?: "hello";
}

/**
 * Operations for one node. They are independent: each has its own reply, in any order.
 */
export interface Batch__Output {
  /**
   * Set in the first message of a pipe only.
   */
  'hello'?: (_holdfast_v1_Hello__Output | null);
  /**
   * Epoch of the sender's topology. A hint: correctness rests on terms, never on it.
   */
  'epoch': (number);
  /**
   * How long the sender waits, in milliseconds. The node answers before that.
   */
  'budgetMs': (number);
  'operations': (_holdfast_v1_Operation__Output)[];
  '_hello'?: "hello";
}
