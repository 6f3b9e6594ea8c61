// Original file: holdfast/v1/pipe.proto

import type { RetriedDeadLetter as _holdfast_v1_RetriedDeadLetter, RetriedDeadLetter__Output as _holdfast_v1_RetriedDeadLetter__Output } from '../../holdfast/v1/RetriedDeadLetter.js';
import type { Explanation as _holdfast_v1_Explanation, Explanation__Output as _holdfast_v1_Explanation__Output } from '../../holdfast/v1/Explanation.js';
import type { Long } from '@grpc/proto-loader';

// Original file: holdfast/v1/pipe.proto

export const _holdfast_v1_Reply_Code = {
  OK: 'OK',
  INVALID_ARGUMENT: 'INVALID_ARGUMENT',
  VALUE_TOO_LARGE: 'VALUE_TOO_LARGE',
  VERSION_CONFLICT: 'VERSION_CONFLICT',
  NOT_OWNER: 'NOT_OWNER',
  OVERLOADED: 'OVERLOADED',
  UNAVAILABLE: 'UNAVAILABLE',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  OUTCOME_UNKNOWN: 'OUTCOME_UNKNOWN',
  READ_ONLY: 'READ_ONLY',
  UNKNOWN_CACHE: 'UNKNOWN_CACHE',
  CLOSED: 'CLOSED',
  INTERNAL: 'INTERNAL',
  DEAD_LETTER: 'DEAD_LETTER',
  WRITE_LOST: 'WRITE_LOST',
  COMPRESSION_REFUSED: 'COMPRESSION_REFUSED',
  LOAD_FAILED: 'LOAD_FAILED',
} as const;

export type _holdfast_v1_Reply_Code =
  | 'OK'
  | 0
  | 'INVALID_ARGUMENT'
  | 1
  | 'VALUE_TOO_LARGE'
  | 2
  | 'VERSION_CONFLICT'
  | 3
  | 'NOT_OWNER'
  | 4
  | 'OVERLOADED'
  | 5
  | 'UNAVAILABLE'
  | 6
  | 'DEADLINE_EXCEEDED'
  | 7
  | 'OUTCOME_UNKNOWN'
  | 8
  | 'READ_ONLY'
  | 9
  | 'UNKNOWN_CACHE'
  | 10
  | 'CLOSED'
  | 11
  | 'INTERNAL'
  | 12
  | 'DEAD_LETTER'
  | 13
  | 'WRITE_LOST'
  | 14
  | 'COMPRESSION_REFUSED'
  | 15
  | 'LOAD_FAILED'
  | 16

export type _holdfast_v1_Reply_Code__Output = typeof _holdfast_v1_Reply_Code[keyof typeof _holdfast_v1_Reply_Code]

/**
 * What became of the writes that were dirty when the flush was asked for.
 */
export interface _holdfast_v1_Reply_Flushed {
  /**
   * The database has them now, or later ones of their keys.
   */
  'persisted'?: (number | string | Long);
  /**
   * The database refuses them; they are dead letters now.
   */
  'refused'?: (number | string | Long);
  /**
   * The time was over before.
   */
  'dirty'?: (number | string | Long);
  /**
   * Keys of the last two, as far as they fit.
   */
  'refusedKeys'?: (Buffer | Uint8Array | string)[];
  'dirtyKeys'?: (Buffer | Uint8Array | string)[];
  /**
   * They went to other nodes meanwhile, which are to be asked.
   */
  'moved'?: (number | string | Long);
}

/**
 * What became of the writes that were dirty when the flush was asked for.
 */
export interface _holdfast_v1_Reply_Flushed__Output {
  /**
   * The database has them now, or later ones of their keys.
   */
  'persisted': (number);
  /**
   * The database refuses them; they are dead letters now.
   */
  'refused': (number);
  /**
   * The time was over before.
   */
  'dirty': (number);
  /**
   * Keys of the last two, as far as they fit.
   */
  'refusedKeys': (Buffer)[];
  'dirtyKeys': (Buffer)[];
  /**
   * They went to other nodes meanwhile, which are to be asked.
   */
  'moved': (number);
}

export interface _holdfast_v1_Reply_NotOwner {
  'epoch'?: (number | string | Long);
  /**
   * Empty: the partition has no owner.
   */
  'nodeId'?: (string);
  'incarnation'?: (string);
  'address'?: (string);
  'term'?: (number);
}

export interface _holdfast_v1_Reply_NotOwner__Output {
  'epoch': (number);
  /**
   * Empty: the partition has no owner.
   */
  'nodeId': (string);
  'incarnation': (string);
  'address': (string);
  'term': (number);
}

// Original file: holdfast/v1/pipe.proto

/**
 * Whether a write happened. Of a read it is NOT_APPLIED. Of PERSISTED: whether the database has it.
 */
export const _holdfast_v1_Reply_Outcome = {
  NOT_APPLIED: 'NOT_APPLIED',
  APPLIED: 'APPLIED',
  UNKNOWN: 'UNKNOWN',
} as const;

/**
 * Whether a write happened. Of a read it is NOT_APPLIED. Of PERSISTED: whether the database has it.
 */
export type _holdfast_v1_Reply_Outcome =
  | 'NOT_APPLIED'
  | 0
  | 'APPLIED'
  | 1
  | 'UNKNOWN'
  | 2

/**
 * Whether a write happened. Of a read it is NOT_APPLIED. Of PERSISTED: whether the database has it.
 */
export type _holdfast_v1_Reply_Outcome__Output = typeof _holdfast_v1_Reply_Outcome[keyof typeof _holdfast_v1_Reply_Outcome]

// Original file: holdfast/v1/pipe.proto

/**
 * Where a read's answer came from.
 */
export const _holdfast_v1_Reply_Source = {
  /**
   * There was nothing to read.
   */
  NONE: 'NONE',
  MEMORY: 'MEMORY',
  DATABASE: 'DATABASE',
  /**
   * A loader made it just now, for this asker or another one.
   */
  LOADER: 'LOADER',
} as const;

/**
 * Where a read's answer came from.
 */
export type _holdfast_v1_Reply_Source =
  /**
   * There was nothing to read.
   */
  | 'NONE'
  | 0
  | 'MEMORY'
  | 1
  | 'DATABASE'
  | 2
  /**
   * A loader made it just now, for this asker or another one.
   */
  | 'LOADER'
  | 3

/**
 * Where a read's answer came from.
 */
export type _holdfast_v1_Reply_Source__Output = typeof _holdfast_v1_Reply_Source[keyof typeof _holdfast_v1_Reply_Source]

export interface Reply {
  'id'?: (number | string | Long);
  'code'?: (_holdfast_v1_Reply_Code);
  'outcome'?: (_holdfast_v1_Reply_Outcome);
  /**
   * At most 2^53 - 1. 0: the key is absent.
   */
  'version'?: (number | string | Long);
  /**
   * Term of the key's partition at the answering owner. 0: answered by a node that is not it.
   */
  'term'?: (number);
  /**
   * Absent: the key is absent (a read), or there is nothing to tell (a write).
   */
  'value'?: (Buffer | Uint8Array | string);
  'encoding'?: (number);
  'source'?: (_holdfast_v1_Reply_Source);
  /**
   * Milliseconds since the value was written or loaded.
   */
  'ageMs'?: (number | string | Long);
  /**
   * The value is past its cache's soft lifetime, and is being loaded anew, or that has failed; or past its lifetime
   * (`ttl_left_ms` is 0), and loading it has failed.
   */
  'stale'?: (boolean);
  /**
   * Milliseconds until the entry's lifetime is over; of FILL too. Absent: it has none. A cache with `maxIdle` ends it
   * earlier if nobody uses it.
   */
  'ttlLeftMs'?: (number | string | Long);
  /**
   * The write was acknowledged with fewer copies than its level asks for.
   */
  'degraded'?: (boolean);
  /**
   * What went wrong, for people. Set when `code` is not OK.
   */
  'message'?: (string);
  /**
   * Set when `code` is NOT_OWNER.
   */
  'notOwner'?: (_holdfast_v1_Reply_NotOwner | null);
  /**
   * Of RETRY_DEAD_LETTER.
   */
  'retried'?: (_holdfast_v1_RetriedDeadLetter | null);
  /**
   * Of EXPLAIN.
   */
  'explanation'?: (_holdfast_v1_Explanation | null);
  /**
   * Set in the answer to FLUSH.
   */
  'flushed'?: (_holdfast_v1_Reply_Flushed | null);
  /**
   * Of a read: what it tells was acknowledged, but the database refuses it; it is a dead letter.
   */
  'unpersisted'?: (boolean);
  /**
   * Of LOAD: the key is the asker's to load, and to be told by FILL, as long as `lease_ms` is not over. With
   * a value: it is stale, or soon will be, and may be used meanwhile.
   */
  'fillToken'?: (number | string | Long);
  'leaseMs'?: (number);
  /**
   * Of LOAD, when `wait_ms` was over: somebody else is loading the key.
   */
  'filling'?: (boolean);
  /**
   * Of LOAD with a token: the answer to a FILL that says FAILED has a value that is past its lifetime, unless
   * something happens to the key meanwhile.
   */
  'hasGrace'?: (boolean);
  '_value'?: "value";
  '_ttlLeftMs'?: "ttlLeftMs";
  '_notOwner'?: "notOwner";
  '_flushed'?: "flushed";
  '_retried'?: "retried";
  '_explanation'?: "explanation";
  '_fillToken'?: "fillToken";
  '_leaseMs'?: "leaseMs";
  '_filling'?: "filling";
  '_hasGrace'?: "hasGrace";
}

export interface Reply__Output {
  'id': (number);
  'code': (_holdfast_v1_Reply_Code__Output);
  'outcome': (_holdfast_v1_Reply_Outcome__Output);
  /**
   * At most 2^53 - 1. 0: the key is absent.
   */
  'version': (number);
  /**
   * Term of the key's partition at the answering owner. 0: answered by a node that is not it.
   */
  'term': (number);
  /**
   * Absent: the key is absent (a read), or there is nothing to tell (a write).
   */
  'value'?: (Buffer);
  'encoding': (number);
  'source': (_holdfast_v1_Reply_Source__Output);
  /**
   * Milliseconds since the value was written or loaded.
   */
  'ageMs': (number);
  /**
   * The value is past its cache's soft lifetime, and is being loaded anew, or that has failed; or past its lifetime
   * (`ttl_left_ms` is 0), and loading it has failed.
   */
  'stale': (boolean);
  /**
   * Milliseconds until the entry's lifetime is over; of FILL too. Absent: it has none. A cache with `maxIdle` ends it
   * earlier if nobody uses it.
   */
  'ttlLeftMs'?: (number);
  /**
   * The write was acknowledged with fewer copies than its level asks for.
   */
  'degraded': (boolean);
  /**
   * What went wrong, for people. Set when `code` is not OK.
   */
  'message': (string);
  /**
   * Set when `code` is NOT_OWNER.
   */
  'notOwner'?: (_holdfast_v1_Reply_NotOwner__Output | null);
  /**
   * Of RETRY_DEAD_LETTER.
   */
  'retried'?: (_holdfast_v1_RetriedDeadLetter__Output | null);
  /**
   * Of EXPLAIN.
   */
  'explanation'?: (_holdfast_v1_Explanation__Output | null);
  /**
   * Set in the answer to FLUSH.
   */
  'flushed'?: (_holdfast_v1_Reply_Flushed__Output | null);
  /**
   * Of a read: what it tells was acknowledged, but the database refuses it; it is a dead letter.
   */
  'unpersisted': (boolean);
  /**
   * Of LOAD: the key is the asker's to load, and to be told by FILL, as long as `lease_ms` is not over. With
   * a value: it is stale, or soon will be, and may be used meanwhile.
   */
  'fillToken'?: (number);
  'leaseMs'?: (number);
  /**
   * Of LOAD, when `wait_ms` was over: somebody else is loading the key.
   */
  'filling'?: (boolean);
  /**
   * Of LOAD with a token: the answer to a FILL that says FAILED has a value that is past its lifetime, unless
   * something happens to the key meanwhile.
   */
  'hasGrace'?: (boolean);
  '_value'?: "value";
  '_ttlLeftMs'?: "ttlLeftMs";
  '_notOwner'?: "notOwner";
  '_flushed'?: "flushed";
  '_retried'?: "retried";
  '_explanation'?: "explanation";
  '_fillToken'?: "fillToken";
  '_leaseMs'?: "leaseMs";
  '_filling'?: "filling";
  '_hasGrace'?: "hasGrace";
}
