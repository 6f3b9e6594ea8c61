// Original file: holdfast/v1/operator.proto

import type { Long } from '@grpc/proto-loader';

// Original file: holdfast/v1/operator.proto

export const _holdfast_v1_RetriedDeadLetter_Outcome = {
  /**
   * Nobody could be asked, or nobody answered: it is still a letter, and may be retried.
   */
  FAILED: 'FAILED',
  /**
   * The database has it.
   */
  WRITTEN: 'WRITTEN',
  /**
   * There is a later write of the key, which stands. It is still a letter, for people to look at.
   */
  SUPERSEDED: 'SUPERSEDED',
  /**
   * The database refuses it again, or it must not be written. It is still a letter.
   */
  REFUSED: 'REFUSED',
  /**
   * There is no such letter.
   */
  GONE: 'GONE',
} as const;

export type _holdfast_v1_RetriedDeadLetter_Outcome =
  /**
   * Nobody could be asked, or nobody answered: it is still a letter, and may be retried.
   */
  | 'FAILED'
  | 0
  /**
   * The database has it.
   */
  | 'WRITTEN'
  | 1
  /**
   * There is a later write of the key, which stands. It is still a letter, for people to look at.
   */
  | 'SUPERSEDED'
  | 2
  /**
   * The database refuses it again, or it must not be written. It is still a letter.
   */
  | 'REFUSED'
  | 3
  /**
   * There is no such letter.
   */
  | 'GONE'
  | 4

export type _holdfast_v1_RetriedDeadLetter_Outcome__Output = typeof _holdfast_v1_RetriedDeadLetter_Outcome[keyof typeof _holdfast_v1_RetriedDeadLetter_Outcome]

export interface RetriedDeadLetter {
  'outcome'?: (_holdfast_v1_RetriedDeadLetter_Outcome);
  /**
   * Of the later write. 0: not known.
   */
  'laterVersion'?: (number | string | Long);
  'sqlstate'?: (string);
  /**
   * For people. Empty when it was written.
   */
  'message'?: (string);
}

export interface RetriedDeadLetter__Output {
  'outcome': (_holdfast_v1_RetriedDeadLetter_Outcome__Output);
  /**
   * Of the later write. 0: not known.
   */
  'laterVersion': (number);
  'sqlstate': (string);
  /**
   * For people. Empty when it was written.
   */
  'message': (string);
}
