// Original file: holdfast/v1/control.proto


export interface RequestTermResponse {
}

export interface RequestTermResponse__Output {
}
