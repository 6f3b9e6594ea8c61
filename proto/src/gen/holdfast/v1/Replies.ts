// Original file: holdfast/v1/pipe.proto

import type { HelloReply as _holdfast_v1_HelloReply, HelloReply__Output as _holdfast_v1_HelloReply__Output } from '../../holdfast/v1/HelloReply.js';
import type { Reply as _holdfast_v1_Reply, Reply__Output as _holdfast_v1_Reply__Output } from '../../holdfast/v1/Reply.js';

/**
 * To what has come by now, of one batch or several. A node sends at least one for every batch as soon as it has begun all
 * of its operations, if need be without a reply.
 */
export interface Replies {
  /**
   * Set in the first message of a pipe only.
   */
  'hello'?: (_holdfast_v1_HelloReply | null);
  'replies'?: (_holdfast_v1_Reply)[];
  '_hello'?: "hello";
}

/**
 * To what has come by now, of one batch or several. A node sends at least one for every batch as soon as it has begun all
 * of its operations, if need be without a reply.
 */
export interface Replies__Output {
  /**
   * Set in the first message of a pipe only.
   */
  'hello'?: (_holdfast_v1_HelloReply__Output | null);
  'replies': (_holdfast_v1_Reply__Output)[];
  '_hello'?: "hello";
}
