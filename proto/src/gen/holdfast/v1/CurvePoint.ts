// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

/**
 * One amount of memory, and the hit ratio that an LRU cache would have with it. A cache of another
 * policy may do better or worse than that with the memory of now, which says how far to trust the rest.
 */
export interface CurvePoint {
  /**
   * Times the memory that may be used now.
   */
  'multiple'?: (number | string);
  'bytes'?: (number | string | Long);
  'hitRatio'?: (number | string);
}

/**
 * One amount of memory, and the hit ratio that an LRU cache would have with it. A cache of another
 * policy may do better or worse than that with the memory of now, which says how far to trust the rest.
 */
export interface CurvePoint__Output {
  /**
   * Times the memory that may be used now.
   */
  'multiple': (number);
  'bytes': (number);
  'hitRatio': (number);
}
