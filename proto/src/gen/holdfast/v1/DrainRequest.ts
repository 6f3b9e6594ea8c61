// Original file: holdfast/v1/admin.proto


export interface DrainRequest {
  /**
   * Whom the caller means; any other node refuses with INVALID_ARGUMENT.
   */
  'nodeId'?: (string);
}

export interface DrainRequest__Output {
  /**
   * Whom the caller means; any other node refuses with INVALID_ARGUMENT.
   */
  'nodeId': (string);
}
