// Original file: holdfast/v1/cache.proto

import type { CacheStats as _holdfast_v1_CacheStats, CacheStats__Output as _holdfast_v1_CacheStats__Output } from '../../holdfast/v1/CacheStats.js';
import type { MissRatioCurve as _holdfast_v1_MissRatioCurve, MissRatioCurve__Output as _holdfast_v1_MissRatioCurve__Output } from '../../holdfast/v1/MissRatioCurve.js';
import type { Long } from '@grpc/proto-loader';

export interface StatsResponse {
  'nodeId'?: (string);
  'incarnation'?: (string);
  'memoryBudgetBytes'?: (number | string | Long);
  'caches'?: (_holdfast_v1_CacheStats)[];
  'ownedPartitions'?: (number);
  /**
   * Acknowledged writes of this node's earlier runs that are still being brought to the database.
   */
  'recordsToReplay'?: (number | string | Long);
  /**
   * Of each cache, and last of all caches of the node together, unless one was asked for. Those are
   * left out of which too little was read to say anything.
   */
  'curves'?: (_holdfast_v1_MissRatioCurve)[];
}

export interface StatsResponse__Output {
  'nodeId': (string);
  'incarnation': (string);
  'memoryBudgetBytes': (number);
  'caches': (_holdfast_v1_CacheStats__Output)[];
  'ownedPartitions': (number);
  /**
   * Acknowledged writes of this node's earlier runs that are still being brought to the database.
   */
  'recordsToReplay': (number);
  /**
   * Of each cache, and last of all caches of the node together, unless one was asked for. Those are
   * left out of which too little was read to say anything.
   */
  'curves': (_holdfast_v1_MissRatioCurve__Output)[];
}
