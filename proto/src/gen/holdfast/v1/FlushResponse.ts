// Original file: holdfast/v1/cache.proto

import type { _holdfast_v1_Reply_Flushed, _holdfast_v1_Reply_Flushed__Output } from '../../holdfast/v1/Reply.js';

export interface FlushResponse {
  /**
   * Of one write at most. All 0: nothing of the key was dirty.
   */
  'flushed'?: (_holdfast_v1_Reply_Flushed | null);
  'term'?: (number);
  'nodeId'?: (string);
  'incarnation'?: (string);
}

export interface FlushResponse__Output {
  /**
   * Of one write at most. All 0: nothing of the key was dirty.
   */
  'flushed': (_holdfast_v1_Reply_Flushed__Output | null);
  'term': (number);
  'nodeId': (string);
  'incarnation': (string);
}
