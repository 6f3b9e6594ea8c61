// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface GetRequest {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
  'maxStaleMs'?: (number | string | Long);
  '_maxStaleMs'?: "maxStaleMs";
}

export interface GetRequest__Output {
  'cache': (string);
  'key': (Buffer);
  'maxStaleMs'?: (number);
  '_maxStaleMs'?: "maxStaleMs";
}
