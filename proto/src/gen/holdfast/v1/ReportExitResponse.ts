// Original file: holdfast/v1/control.proto


export interface ReportExitResponse {
  /**
   * False: that incarnation is not registered (any more).
   */
  'removed'?: (boolean);
}

export interface ReportExitResponse__Output {
  /**
   * False: that incarnation is not registered (any more).
   */
  'removed': (boolean);
}
