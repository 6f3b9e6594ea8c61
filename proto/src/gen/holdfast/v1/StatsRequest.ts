// Original file: holdfast/v1/cache.proto


export interface StatsRequest {
  /**
   * Empty: every cache.
   */
  'cache'?: (string);
}

export interface StatsRequest__Output {
  /**
   * Empty: every cache.
   */
  'cache': (string);
}
