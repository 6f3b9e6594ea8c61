// Original file: holdfast/v1/cache.proto


export interface FlushRequest {
  'cache'?: (string);
  /**
   * Needed: which node takes a call says nothing of where a cache's dirty entries are.
   */
  'key'?: (Buffer | Uint8Array | string);
}

export interface FlushRequest__Output {
  'cache': (string);
  /**
   * Needed: which node takes a call says nothing of where a cache's dirty entries are.
   */
  'key': (Buffer);
}
