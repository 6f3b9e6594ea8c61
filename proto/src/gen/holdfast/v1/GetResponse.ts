// Original file: holdfast/v1/cache.proto

import type { _holdfast_v1_Reply_Source, _holdfast_v1_Reply_Source__Output } from '../../holdfast/v1/Reply.js';
import type { Long } from '@grpc/proto-loader';

export interface GetResponse {
  'found'?: (boolean);
  'value'?: (Buffer | Uint8Array | string);
  /**
   * As in Operation. Values that the SDK for Node.js wrote are compressed from 4 KiB on, unless it is told
   * otherwise.
   */
  'encoding'?: (number);
  'version'?: (number | string | Long);
  'source'?: (_holdfast_v1_Reply_Source);
  'ageMs'?: (number | string | Long);
  /**
   * As in Reply.
   */
  'stale'?: (boolean);
  'ttlLeftMs'?: (number | string | Long);
  'term'?: (number);
  /**
   * The node that answered the caller, which may have passed the call on to the owner.
   */
  'nodeId'?: (string);
  'incarnation'?: (string);
  /**
   * As in Reply.
   */
  'unpersisted'?: (boolean);
  '_ttlLeftMs'?: "ttlLeftMs";
}

export interface GetResponse__Output {
  'found': (boolean);
  'value': (Buffer);
  /**
   * As in Operation. Values that the SDK for Node.js wrote are compressed from 4 KiB on, unless it is told
   * otherwise.
   */
  'encoding': (number);
  'version': (number);
  'source': (_holdfast_v1_Reply_Source__Output);
  'ageMs': (number);
  /**
   * As in Reply.
   */
  'stale': (boolean);
  'ttlLeftMs'?: (number);
  'term': (number);
  /**
   * The node that answered the caller, which may have passed the call on to the owner.
   */
  'nodeId': (string);
  'incarnation': (string);
  /**
   * As in Reply.
   */
  'unpersisted': (boolean);
  '_ttlLeftMs'?: "ttlLeftMs";
}
