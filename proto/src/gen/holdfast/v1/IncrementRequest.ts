// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface IncrementRequest {
  'cache'?: (string);
  'key'?: (Buffer | Uint8Array | string);
  'delta'?: (number | string | Long);
  'ttlMs'?: (number | string | Long);
  '_ttlMs'?: "ttlMs";
}

export interface IncrementRequest__Output {
  'cache': (string);
  'key': (Buffer);
  'delta': (number);
  'ttlMs'?: (number);
  '_ttlMs'?: "ttlMs";
}
