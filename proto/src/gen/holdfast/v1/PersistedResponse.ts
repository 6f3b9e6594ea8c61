// Original file: holdfast/v1/cache.proto


export interface PersistedResponse {
  /**
   * False: not yet. The write stays what it was; ask again.
   */
  'persisted'?: (boolean);
  'term'?: (number);
  'nodeId'?: (string);
  'incarnation'?: (string);
}

export interface PersistedResponse__Output {
  /**
   * False: not yet. The write stays what it was; ask again.
   */
  'persisted': (boolean);
  'term': (number);
  'nodeId': (string);
  'incarnation': (string);
}
