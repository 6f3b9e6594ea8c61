// Original file: holdfast/v1/cache.proto


export interface DeleteManyRequest {
  'cache'?: (string);
  'keys'?: (Buffer | Uint8Array | string)[];
}

export interface DeleteManyRequest__Output {
  'cache': (string);
  'keys': (Buffer)[];
}
