// Original file: holdfast/v1/cache.proto


export interface GetManyRequest {
  'cache'?: (string);
  'keys'?: (Buffer | Uint8Array | string)[];
}

export interface GetManyRequest__Output {
  'cache': (string);
  'keys': (Buffer)[];
}
