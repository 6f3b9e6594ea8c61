// Original file: holdfast/v1/admin.proto


export interface ListCachesRequest {
}

export interface ListCachesRequest__Output {
}
