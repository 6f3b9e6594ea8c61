// Original file: holdfast/v1/peer.proto


export interface PartitionTerm {
  'partition'?: (number);
  'term'?: (number);
}

export interface PartitionTerm__Output {
  'partition': (number);
  'term': (number);
}
