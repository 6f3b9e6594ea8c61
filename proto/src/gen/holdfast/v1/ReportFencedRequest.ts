// Original file: holdfast/v1/control.proto


export interface ReportFencedRequest {
  'fenced'?: (string)[];
}

export interface ReportFencedRequest__Output {
  'fenced': (string)[];
}
