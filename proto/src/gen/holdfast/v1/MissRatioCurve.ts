// Original file: holdfast/v1/cache.proto

import type { CurvePoint as _holdfast_v1_CurvePoint, CurvePoint__Output as _holdfast_v1_CurvePoint__Output } from '../../holdfast/v1/CurvePoint.js';

/**
 * What other amounts of memory would do, estimated from a sample of the keys. It speaks of the recent
 * past: with every quarter of an hour reads lose half of their weight.
 */
export interface MissRatioCurve {
  /**
   * Empty: all caches of the node together.
   */
  'cache'?: (string);
  /**
   * Reads that it speaks of, by weight.
   */
  'reads'?: (number | string);
  /**
   * Part of them that was answered from memory, by the cache's own policy, with what it may use.
   */
  'observedHitRatio'?: (number | string);
  'points'?: (_holdfast_v1_CurvePoint)[];
}

/**
 * What other amounts of memory would do, estimated from a sample of the keys. It speaks of the recent
 * past: with every quarter of an hour reads lose half of their weight.
 */
export interface MissRatioCurve__Output {
  /**
   * Empty: all caches of the node together.
   */
  'cache': (string);
  /**
   * Reads that it speaks of, by weight.
   */
  'reads': (number);
  /**
   * Part of them that was answered from memory, by the cache's own policy, with what it may use.
   */
  'observedHitRatio': (number);
  'points': (_holdfast_v1_CurvePoint__Output)[];
}
