// Original file: holdfast/v1/control.proto


/**
 * A member of a partition's in-sync set, as the partition's owner sees it.
 */
export interface InSyncChange {
  'partition'?: (number);
  /**
   * The term that the owner holds.
   */
  'term'?: (number);
  'member'?: (string);
}

/**
 * A member of a partition's in-sync set, as the partition's owner sees it.
 */
export interface InSyncChange__Output {
  'partition': (number);
  /**
   * The term that the owner holds.
   */
  'term': (number);
  'member': (string);
}
