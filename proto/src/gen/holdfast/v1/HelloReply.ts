// Original file: holdfast/v1/pipe.proto

import type { Long } from '@grpc/proto-loader';

export interface HelloReply {
  'nodeId'?: (string);
  'incarnation'?: (string);
  'epoch'?: (number | string | Long);
}

export interface HelloReply__Output {
  'nodeId': (string);
  'incarnation': (string);
  'epoch': (number);
}
