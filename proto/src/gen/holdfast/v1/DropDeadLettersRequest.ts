// Original file: holdfast/v1/operator.proto

import type { DeadLetterName as _holdfast_v1_DeadLetterName, DeadLetterName__Output as _holdfast_v1_DeadLetterName__Output } from '../../holdfast/v1/DeadLetterName.js';

export interface DropDeadLettersRequest {
  'letters'?: (_holdfast_v1_DeadLetterName)[];
}

export interface DropDeadLettersRequest__Output {
  'letters': (_holdfast_v1_DeadLetterName__Output)[];
}
