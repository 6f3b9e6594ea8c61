// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface IncrementResponse {
  'value'?: (number | string | Long);
  'version'?: (number | string | Long);
  'term'?: (number);
  'nodeId'?: (string);
  'incarnation'?: (string);
}

export interface IncrementResponse__Output {
  'value': (number);
  'version': (number);
  'term': (number);
  'nodeId': (string);
  'incarnation': (string);
}
