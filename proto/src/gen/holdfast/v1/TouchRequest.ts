// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface TouchRequest {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
  'ttlMs'?: (number | string | Long);
  '_ttlMs'?: "ttlMs";
}

export interface TouchRequest__Output {
  'cache': (string);
  'key': (Buffer);
  'ttlMs'?: (number);
  '_ttlMs'?: "ttlMs";
}
