// Original file: holdfast/v1/admin.proto

import type { CacheDefinition as _holdfast_v1_CacheDefinition, CacheDefinition__Output as _holdfast_v1_CacheDefinition__Output } from '../../holdfast/v1/CacheDefinition.js';

export interface _holdfast_v1_ApplyCachesResponse_Applied {
  'cache'?: (_holdfast_v1_CacheDefinition | null);
  'change'?: (_holdfast_v1_ApplyCachesResponse_Change);
}

export interface _holdfast_v1_ApplyCachesResponse_Applied__Output {
  'cache': (_holdfast_v1_CacheDefinition__Output | null);
  'change': (_holdfast_v1_ApplyCachesResponse_Change__Output);
}

// Original file: holdfast/v1/admin.proto

export const _holdfast_v1_ApplyCachesResponse_Change = {
  UNCHANGED: 'UNCHANGED',
  CREATED: 'CREATED',
  UPDATED: 'UPDATED',
} as const;

export type _holdfast_v1_ApplyCachesResponse_Change =
  | 'UNCHANGED'
  | 0
  | 'CREATED'
  | 1
  | 'UPDATED'
  | 2

export type _holdfast_v1_ApplyCachesResponse_Change__Output = typeof _holdfast_v1_ApplyCachesResponse_Change[keyof typeof _holdfast_v1_ApplyCachesResponse_Change]

export interface ApplyCachesResponse {
  'applied'?: (_holdfast_v1_ApplyCachesResponse_Applied)[];
}

export interface ApplyCachesResponse__Output {
  'applied': (_holdfast_v1_ApplyCachesResponse_Applied__Output)[];
}
