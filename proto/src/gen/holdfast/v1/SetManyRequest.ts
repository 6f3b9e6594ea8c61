// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface _holdfast_v1_SetManyRequest_Item {
  'key'?: (Buffer | Uint8Array | string);
  'value'?: (Buffer | Uint8Array | string);
  'encoding'?: (number);
}

export interface _holdfast_v1_SetManyRequest_Item__Output {
  'key': (Buffer);
  'value': (Buffer);
  'encoding': (number);
}

export interface SetManyRequest {
  'cache'?: (string);
  'items'?: (_holdfast_v1_SetManyRequest_Item)[];
  'ttlMs'?: (number | string | Long);
  '_ttlMs'?: "ttlMs";
}

export interface SetManyRequest__Output {
  'cache': (string);
  'items': (_holdfast_v1_SetManyRequest_Item__Output)[];
  'ttlMs'?: (number);
  '_ttlMs'?: "ttlMs";
}
