// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface WriteResponse {
  'version'?: (number | string | Long);
  'degraded'?: (boolean);
  'term'?: (number);
  'nodeId'?: (string);
  'incarnation'?: (string);
}

export interface WriteResponse__Output {
  'version': (number);
  'degraded': (boolean);
  'term': (number);
  'nodeId': (string);
  'incarnation': (string);
}
