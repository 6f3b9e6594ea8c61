// Original file: holdfast/v1/cache.proto


export interface WarmRequest {
  'cache'?: (string);
  /**
   * Either these keys ...
   */
  'keys'?: (Buffer | Uint8Array | string)[];
  /**
   * ... or the keys that a query named in the cache's configuration yields.
   */
  'query'?: (string);
  /**
   * Most keys to take from the query. 0: all.
   */
  'limit'?: (number);
}

export interface WarmRequest__Output {
  'cache': (string);
  /**
   * Either these keys ...
   */
  'keys': (Buffer)[];
  /**
   * ... or the keys that a query named in the cache's configuration yields.
   */
  'query': (string);
  /**
   * Most keys to take from the query. 0: all.
   */
  'limit': (number);
}
