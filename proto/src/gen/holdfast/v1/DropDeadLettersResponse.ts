// Original file: holdfast/v1/operator.proto


export interface DropDeadLettersResponse {
  /**
   * In the order of the request. False: there was no such letter, or it could not be dropped.
   */
  'dropped'?: (boolean)[];
  /**
   * In the order of the request: why a letter could not be dropped. Empty: it could, or was not there.
   */
  'problems'?: (string)[];
}

export interface DropDeadLettersResponse__Output {
  /**
   * In the order of the request. False: there was no such letter, or it could not be dropped.
   */
  'dropped': (boolean)[];
  /**
   * In the order of the request: why a letter could not be dropped. Empty: it could, or was not there.
   */
  'problems': (string)[];
}
