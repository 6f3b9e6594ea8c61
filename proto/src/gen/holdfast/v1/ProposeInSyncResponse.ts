// Original file: holdfast/v1/control.proto


export interface ProposeInSyncResponse {
}

export interface ProposeInSyncResponse__Output {
}
