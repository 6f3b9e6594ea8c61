// Original file: holdfast/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface JournalRecord {
  /**
   * Of the cache, not its name: names may be used again.
   */
  'cacheId'?: (number);
  'key'?: (Buffer | Uint8Array | string);
  /**
   * Absent: the key was deleted.
   */
  'value'?: (Buffer | Uint8Array | string);
  'encoding'?: (number);
  'version'?: (number | string | Long);
  /**
   * End of the row's lifetime, in milliseconds since 1970. Absent: none.
   */
  'expiresAtMs'?: (number | string | Long);
  /**
   * When the write was made, in milliseconds since 1970.
   */
  'writtenAtMs'?: (number | string | Long);
  '_value'?: "value";
  '_expiresAtMs'?: "expiresAtMs";
}

export interface JournalRecord__Output {
  /**
   * Of the cache, not its name: names may be used again.
   */
  'cacheId': (number);
  'key': (Buffer);
  /**
   * Absent: the key was deleted.
   */
  'value'?: (Buffer);
  'encoding': (number);
  'version': (number);
  /**
   * End of the row's lifetime, in milliseconds since 1970. Absent: none.
   */
  'expiresAtMs'?: (number);
  /**
   * When the write was made, in milliseconds since 1970.
   */
  'writtenAtMs': (number);
  '_value'?: "value";
  '_expiresAtMs'?: "expiresAtMs";
}
