// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface TouchResponse {
  'found'?: (boolean);
  'version'?: (number | string | Long);
  'term'?: (number);
  'nodeId'?: (string);
  'incarnation'?: (string);
}

export interface TouchResponse__Output {
  'found': (boolean);
  'version': (number);
  'term': (number);
  'nodeId': (string);
  'incarnation': (string);
}
