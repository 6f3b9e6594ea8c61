// Original file: holdfast/v1/control.proto


export interface ReportExitRequest {
  'nodeId'?: (string);
  'incarnation'?: (string);
}

export interface ReportExitRequest__Output {
  'nodeId': (string);
  'incarnation': (string);
}
