// Original file: holdfast/v1/operator.proto

import type { RetriedDeadLetter as _holdfast_v1_RetriedDeadLetter, RetriedDeadLetter__Output as _holdfast_v1_RetriedDeadLetter__Output } from '../../holdfast/v1/RetriedDeadLetter.js';

export interface RetryDeadLettersResponse {
  /**
   * In the order of the request.
   */
  'letters'?: (_holdfast_v1_RetriedDeadLetter)[];
}

export interface RetryDeadLettersResponse__Output {
  /**
   * In the order of the request.
   */
  'letters': (_holdfast_v1_RetriedDeadLetter__Output)[];
}
