// Original file: holdfast/v1/control.proto


export interface ReportFencedResponse {
}

export interface ReportFencedResponse__Output {
}
