// Original file: holdfast/v1/cache.proto


export interface ClearRequest {
  'cache'?: (string);
}

export interface ClearRequest__Output {
  'cache': (string);
}
