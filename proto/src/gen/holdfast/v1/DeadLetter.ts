// Original file: holdfast/v1/operator.proto

import type { DeadLetterName as _holdfast_v1_DeadLetterName, DeadLetterName__Output as _holdfast_v1_DeadLetterName__Output } from '../../holdfast/v1/DeadLetterName.js';
import type { Long } from '@grpc/proto-loader';

export interface DeadLetter {
  'name'?: (_holdfast_v1_DeadLetterName | null);
  /**
   * The write deletes the key.
   */
  'deleted'?: (boolean);
  'encoding'?: (number);
  /**
   * End of the row's lifetime, in milliseconds since 1970. Absent: never.
   */
  'expiresAtMs'?: (number | string | Long);
  'valueBytes'?: (number | string | Long);
  /**
   * Only where it was asked for.
   */
  'value'?: (Buffer | Uint8Array | string);
  /**
   * Why, as the database says it. Empty: Holdfast held the write back itself.
   */
  'sqlstate'?: (string);
  'message'?: (string);
  /**
   * When it became a letter.
   */
  'atMs'?: (number | string | Long);
  /**
   * Who parked it.
   */
  'incarnation'?: (string);
  '_expiresAtMs'?: "expiresAtMs";
  '_value'?: "value";
}

export interface DeadLetter__Output {
  'name': (_holdfast_v1_DeadLetterName__Output | null);
  /**
   * The write deletes the key.
   */
  'deleted': (boolean);
  'encoding': (number);
  /**
   * End of the row's lifetime, in milliseconds since 1970. Absent: never.
   */
  'expiresAtMs'?: (number);
  'valueBytes': (number);
  /**
   * Only where it was asked for.
   */
  'value'?: (Buffer);
  /**
   * Why, as the database says it. Empty: Holdfast held the write back itself.
   */
  'sqlstate': (string);
  'message': (string);
  /**
   * When it became a letter.
   */
  'atMs': (number);
  /**
   * Who parked it.
   */
  'incarnation': (string);
  '_expiresAtMs'?: "expiresAtMs";
  '_value'?: "value";
}
