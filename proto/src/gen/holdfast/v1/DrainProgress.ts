// Original file: holdfast/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface DrainProgress {
  /**
   * Partitions that the node owns still.
   */
  'ownedPartitions'?: (number);
  /**
   * Partitions of others that it is still a backup of.
   */
  'backedUpPartitions'?: (number);
  /**
   * Acknowledged writes that the database does not have yet: its own ...
   */
  'dirtyEntries'?: (number | string | Long);
  /**
   * ... and those of its earlier runs.
   */
  'recordsToReplay'?: (number | string | Long);
  /**
   * Nothing changes any more: this is what remains, and the node leaves.
   */
  'done'?: (boolean);
}

export interface DrainProgress__Output {
  /**
   * Partitions that the node owns still.
   */
  'ownedPartitions': (number);
  /**
   * Partitions of others that it is still a backup of.
   */
  'backedUpPartitions': (number);
  /**
   * Acknowledged writes that the database does not have yet: its own ...
   */
  'dirtyEntries': (number);
  /**
   * ... and those of its earlier runs.
   */
  'recordsToReplay': (number);
  /**
   * Nothing changes any more: this is what remains, and the node leaves.
   */
  'done': (boolean);
}
