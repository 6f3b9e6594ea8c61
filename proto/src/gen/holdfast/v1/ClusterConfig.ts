// Original file: holdfast/v1/topology.proto


export interface ClusterConfig {
  'clusterId'?: (string);
  'formatVersion'?: (number);
  'partitions'?: (number);
  'hashAlgorithm'?: (string);
  'hashSeed'?: (number);
}

export interface ClusterConfig__Output {
  'clusterId': (string);
  'formatVersion': (number);
  'partitions': (number);
  'hashAlgorithm': (string);
  'hashSeed': (number);
}
