// Original file: holdfast/v1/topology.proto


export interface WatchTopologyRequest {
}

export interface WatchTopologyRequest__Output {
}
