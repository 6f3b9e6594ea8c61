// Original file: holdfast/v1/operator.proto


export interface ExplainRequest {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
}

export interface ExplainRequest__Output {
  'cache': (string);
  'key': (Buffer);
}
