// Original file: holdfast/v1/admin.proto

import type { CacheDefinition as _holdfast_v1_CacheDefinition, CacheDefinition__Output as _holdfast_v1_CacheDefinition__Output } from '../../holdfast/v1/CacheDefinition.js';

export interface ListCachesResponse {
  'caches'?: (_holdfast_v1_CacheDefinition)[];
}

export interface ListCachesResponse__Output {
  'caches': (_holdfast_v1_CacheDefinition__Output)[];
}
