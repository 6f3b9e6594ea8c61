// Original file: holdfast/v1/control.proto


export interface RequestTermRequest {
  'incarnation'?: (string);
  'partition'?: (number);
  /**
   * The term that the owner holds.
   */
  'term'?: (number);
  /**
   * The new term is at least this.
   */
  'minTerm'?: (number);
}

export interface RequestTermRequest__Output {
  'incarnation': (string);
  'partition': (number);
  /**
   * The term that the owner holds.
   */
  'term': (number);
  /**
   * The new term is at least this.
   */
  'minTerm': (number);
}
