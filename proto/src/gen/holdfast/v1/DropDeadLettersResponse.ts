// Original file: holdfast/v1/operator.proto


export interface DropDeadLettersResponse {
  /**
   * In the order of the request. False: there was no such letter.
   */
  'dropped'?: (boolean)[];
}

export interface DropDeadLettersResponse__Output {
  /**
   * In the order of the request. False: there was no such letter.
   */
  'dropped': (boolean)[];
}
