// Original file: holdfast/v1/cache.proto

import type { Reply as _holdfast_v1_Reply, Reply__Output as _holdfast_v1_Reply__Output } from '../../holdfast/v1/Reply.js';

/**
 * One reply per key, in the order of the request; `id` is the index. Each stands alone: some may
 * have failed.
 */
export interface ManyResponse {
  'replies'?: (_holdfast_v1_Reply)[];
  'nodeId'?: (string);
  'incarnation'?: (string);
}

/**
 * One reply per key, in the order of the request; `id` is the index. Each stands alone: some may
 * have failed.
 */
export interface ManyResponse__Output {
  'replies': (_holdfast_v1_Reply__Output)[];
  'nodeId': (string);
  'incarnation': (string);
}
