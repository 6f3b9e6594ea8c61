// Original file: holdfast/v1/operator.proto

import type { DeadLetter as _holdfast_v1_DeadLetter, DeadLetter__Output as _holdfast_v1_DeadLetter__Output } from '../../holdfast/v1/DeadLetter.js';

export interface ListDeadLettersResponse {
  /**
   * Empty: there are no more.
   */
  'letters'?: (_holdfast_v1_DeadLetter)[];
}

export interface ListDeadLettersResponse__Output {
  /**
   * Empty: there are no more.
   */
  'letters': (_holdfast_v1_DeadLetter__Output)[];
}
