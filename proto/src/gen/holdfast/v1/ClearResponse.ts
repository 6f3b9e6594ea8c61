// Original file: holdfast/v1/cache.proto


export interface ClearResponse {
  'nodeId'?: (string);
  'incarnation'?: (string);
}

export interface ClearResponse__Output {
  'nodeId': (string);
  'incarnation': (string);
}
