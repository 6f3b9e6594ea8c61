// Original file: holdfast/v1/cache.proto

import type { Long } from '@grpc/proto-loader';

export interface WarmProgress {
  'total'?: (number | string | Long);
  /**
   * Loaded now, or in memory already.
   */
  'loaded'?: (number | string | Long);
  /**
   * No such row.
   */
  'absent'?: (number | string | Long);
  /**
   * Left out because the cache is full.
   */
  'skipped'?: (number | string | Long);
  'failed'?: (number | string | Long);
}

export interface WarmProgress__Output {
  'total': (number);
  /**
   * Loaded now, or in memory already.
   */
  'loaded': (number);
  /**
   * No such row.
   */
  'absent': (number);
  /**
   * Left out because the cache is full.
   */
  'skipped': (number);
  'failed': (number);
}
