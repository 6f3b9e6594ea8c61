// Original file: holdfast/v1/admin.proto

import type { CacheDefinition as _holdfast_v1_CacheDefinition, CacheDefinition__Output as _holdfast_v1_CacheDefinition__Output } from '../../holdfast/v1/CacheDefinition.js';

export interface ApplyCachesRequest {
  /**
   * Of each, name and config_json.
   */
  'caches'?: (_holdfast_v1_CacheDefinition)[];
}

export interface ApplyCachesRequest__Output {
  /**
   * Of each, name and config_json.
   */
  'caches': (_holdfast_v1_CacheDefinition__Output)[];
}
