// Original file: holdfast/v1/operator.proto

import type { DeadLetterName as _holdfast_v1_DeadLetterName, DeadLetterName__Output as _holdfast_v1_DeadLetterName__Output } from '../../holdfast/v1/DeadLetterName.js';

export interface ListDeadLettersRequest {
  /**
   * Empty: of every cache.
   */
  'cache'?: (string);
  /**
   * Absent: of every key.
   */
  'key'?: (Buffer | Uint8Array | string);
  /**
   * The last letter of the page before.
   */
  'after'?: (_holdfast_v1_DeadLetterName | null);
  /**
   * Most letters in the answer, 1,000 at most. 0: 1,000.
   */
  'limit'?: (number);
  /**
   * With their values; the answer then holds fewer letters.
   */
  'values'?: (boolean);
  '_key'?: "key";
}

export interface ListDeadLettersRequest__Output {
  /**
   * Empty: of every cache.
   */
  'cache': (string);
  /**
   * Absent: of every key.
   */
  'key'?: (Buffer);
  /**
   * The last letter of the page before.
   */
  'after': (_holdfast_v1_DeadLetterName__Output | null);
  /**
   * Most letters in the answer, 1,000 at most. 0: 1,000.
   */
  'limit': (number);
  /**
   * With their values; the answer then holds fewer letters.
   */
  'values': (boolean);
  '_key'?: "key";
}
