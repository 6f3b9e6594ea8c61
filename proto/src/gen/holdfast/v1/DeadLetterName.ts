// Original file: holdfast/v1/operator.proto

import type { Long } from '@grpc/proto-loader';

export interface DeadLetterName {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
}

export interface DeadLetterName__Output {
  'cache': (string);
  'key': (Buffer);
  'version': (number);
}
