// Original file: holdfast/v1/pipe.proto

import type { Long } from '@grpc/proto-loader';

// Original file: holdfast/v1/pipe.proto

/**
 * What an acknowledged write must have survived.
 */
export const _holdfast_v1_Operation_Ack = {
  /**
   * The level that the cache is configured with.
   */
  ACK_DEFAULT: 'ACK_DEFAULT',
  MEMORY: 'MEMORY',
  JOURNAL: 'JOURNAL',
  BACKUP: 'BACKUP',
  JOURNAL_AND_BACKUP: 'JOURNAL_AND_BACKUP',
  DATABASE: 'DATABASE',
} as const;

/**
 * What an acknowledged write must have survived.
 */
export type _holdfast_v1_Operation_Ack =
  /**
   * The level that the cache is configured with.
   */
  | 'ACK_DEFAULT'
  | 0
  | 'MEMORY'
  | 1
  | 'JOURNAL'
  | 2
  | 'BACKUP'
  | 3
  | 'JOURNAL_AND_BACKUP'
  | 4
  | 'DATABASE'
  | 5

/**
 * What an acknowledged write must have survived.
 */
export type _holdfast_v1_Operation_Ack__Output = typeof _holdfast_v1_Operation_Ack[keyof typeof _holdfast_v1_Operation_Ack]

// Original file: holdfast/v1/pipe.proto

/**
 * What a loader has found.
 */
export const _holdfast_v1_Operation_Fill = {
  /**
   * `value`.
   */
  FOUND: 'FOUND',
  /**
   * Nothing. That is remembered for `ttl_ms`; absent: not at all.
   */
  NOT_FOUND: 'NOT_FOUND',
  /**
   * It failed; `fill_error` says why. The answer has what the key held before, if that is in grace.
   */
  FAILED: 'FAILED',
  /**
   * It did not run. The next one who waits gets a token.
   */
  RETURNED: 'RETURNED',
} as const;

/**
 * What a loader has found.
 */
export type _holdfast_v1_Operation_Fill =
  /**
   * `value`.
   */
  | 'FOUND'
  | 0
  /**
   * Nothing. That is remembered for `ttl_ms`; absent: not at all.
   */
  | 'NOT_FOUND'
  | 1
  /**
   * It failed; `fill_error` says why. The answer has what the key held before, if that is in grace.
   */
  | 'FAILED'
  | 2
  /**
   * It did not run. The next one who waits gets a token.
   */
  | 'RETURNED'
  | 3

/**
 * What a loader has found.
 */
export type _holdfast_v1_Operation_Fill__Output = typeof _holdfast_v1_Operation_Fill[keyof typeof _holdfast_v1_Operation_Fill]

// Original file: holdfast/v1/pipe.proto

export const _holdfast_v1_Operation_Kind = {
  KIND_UNSPECIFIED: 'KIND_UNSPECIFIED',
  GET: 'GET',
  SET: 'SET',
  DELETE: 'DELETE',
  TOUCH: 'TOUCH',
  INCREMENT: 'INCREMENT',
  /**
   * Drops every entry of the cache that this node owns. No key.
   */
  CLEAR: 'CLEAR',
  /**
   * Loads the key unless it is cached or there is no free room.
   */
  WARM: 'WARM',
  /**
   * Waits until the database has `version` of the key, or a later one: APPLIED. NOT_APPLIED: not yet.
   */
  PERSISTED: 'PERSISTED',
  /**
   * Sends what is dirty to the database now, and waits for it: the newest write of a key, or without
   * a key everything of the cache on this node. Answered before the budget ends, done or not.
   */
  FLUSH: 'FLUSH',
  /**
   * Sends the dead letter of this key and version to the database once more.
   */
  RETRY_DEAD_LETTER: 'RETRY_DEAD_LETTER',
  /**
   * Tells what there is to know of the key.
   */
  EXPLAIN: 'EXPLAIN',
  /**
   * Lets go of what memory keeps of the dead letter of this key and version, which is about to be dropped.
   */
  FORGET_DEAD_LETTER: 'FORGET_DEAD_LETTER',
  /**
   * Reads the key. When it is absent, one asker is told a fill token and loads the value; whoever else
   * asks waits for what becomes of that, until its budget ends or `wait_ms` is over.
   */
  LOAD: 'LOAD',
  /**
   * Tells what loading under `fill_token` has come to, as `fill` says. A token is good once, and only
   * as long as nothing has happened to the key: NOT_APPLIED, if it is not good any more.
   */
  FILL: 'FILL',
  /**
   * Makes the lease of `fill_token` begin anew: the loader still runs. NOT_APPLIED as above.
   */
  RENEW_FILL: 'RENEW_FILL',
} as const;

export type _holdfast_v1_Operation_Kind =
  | 'KIND_UNSPECIFIED'
  | 0
  | 'GET'
  | 1
  | 'SET'
  | 2
  | 'DELETE'
  | 3
  | 'TOUCH'
  | 4
  | 'INCREMENT'
  | 5
  /**
   * Drops every entry of the cache that this node owns. No key.
   */
  | 'CLEAR'
  | 6
  /**
   * Loads the key unless it is cached or there is no free room.
   */
  | 'WARM'
  | 7
  /**
   * Waits until the database has `version` of the key, or a later one: APPLIED. NOT_APPLIED: not yet.
   */
  | 'PERSISTED'
  | 8
  /**
   * Sends what is dirty to the database now, and waits for it: the newest write of a key, or without
   * a key everything of the cache on this node. Answered before the budget ends, done or not.
   */
  | 'FLUSH'
  | 9
  /**
   * Sends the dead letter of this key and version to the database once more.
   */
  | 'RETRY_DEAD_LETTER'
  | 10
  /**
   * Tells what there is to know of the key.
   */
  | 'EXPLAIN'
  | 11
  /**
   * Lets go of what memory keeps of the dead letter of this key and version, which is about to be dropped.
   */
  | 'FORGET_DEAD_LETTER'
  | 12
  /**
   * Reads the key. When it is absent, one asker is told a fill token and loads the value; whoever else
   * asks waits for what becomes of that, until its budget ends or `wait_ms` is over.
   */
  | 'LOAD'
  | 13
  /**
   * Tells what loading under `fill_token` has come to, as `fill` says. A token is good once, and only
   * as long as nothing has happened to the key: NOT_APPLIED, if it is not good any more.
   */
  | 'FILL'
  | 14
  /**
   * Makes the lease of `fill_token` begin anew: the loader still runs. NOT_APPLIED as above.
   */
  | 'RENEW_FILL'
  | 15

export type _holdfast_v1_Operation_Kind__Output = typeof _holdfast_v1_Operation_Kind[keyof typeof _holdfast_v1_Operation_Kind]

export interface Operation {
  /**
   * Chosen by the sender; echoed in the reply.
   */
  'id'?: (number | string | Long);
  'kind'?: (_holdfast_v1_Operation_Kind);
  'cache'?: (string);
  /**
   * 1 to 512 bytes of well-formed UTF-8.
   */
  'key'?: (Buffer | Uint8Array | string);
  'value'?: (Buffer | Uint8Array | string);
  /**
   * Codec in the low 8 bits: 0 bytes, 1 JSON, 2 text, 3 MessagePack, from 64 on the application's own.
   * Compression in the next 7: 0 none, 1 gzip, 2 brotli, 3 zstd. The rest is 0. Opaque to nodes, but that
   * a cache of a table takes JSON alone, uncompressed.
   */
  'encoding'?: (number);
  /**
   * Lifetime in milliseconds from acceptance. Absent: the cache's own. 0: for ever.
   * Signed, so that a negative one arrives and is refused.
   */
  'ttlMs'?: (number | string | Long);
  /**
   * Of SET and FILL: from this age on the entry is stale, in milliseconds. Absent: the cache's own. 0: never.
   * It is the copy's alone: a row that is loaded again has the cache's.
   */
  'softTtlMs'?: (number | string | Long);
  /**
   * Write only if the entry has this version; 0: only if there is none. Absent: always.
   */
  'expectedVersion'?: (number | string | Long);
  'ack'?: (_holdfast_v1_Operation_Ack);
  /**
   * GET and LOAD take an entry as a miss that is past its cache's soft lifetime by this much, in milliseconds, and no
   * value in grace that is past its lifetime, or its soft one, by so much; nor does FILL. 0: any that is stale.
   * Absent: none.
   */
  'maxStaleMs'?: (number | string | Long);
  /**
   * Set by a node that passes on somebody's operation. Peer.Forward, where such operations come in,
   * answers for its own node only, so nothing is passed on twice.
   */
  'forwarded'?: (boolean);
  /**
   * What INCREMENT adds.
   */
  'delta'?: (number | string | Long);
  /**
   * What PERSISTED asks for.
   */
  'version'?: (number | string | Long);
  /**
   * Which letter RETRY_DEAD_LETTER and FORGET_DEAD_LETTER mean.
   */
  'letterVersion'?: (number | string | Long);
  /**
   * How long the sender waits for this operation, in milliseconds, where that is less than the batch's
   * budget. The node answers before that.
   */
  'budgetMs'?: (number);
  /**
   * Longest that PERSISTED, FLUSH and LOAD wait before they answer "not yet", in milliseconds. Absent: as
   * long as the budget allows.
   */
  'waitMs'?: (number);
  /**
   * What FILL and RENEW_FILL answer to.
   */
  'fillToken'?: (number | string | Long);
  /**
   * What FILL tells. Absent: FOUND.
   */
  'fill'?: (_holdfast_v1_Operation_Fill);
  /**
   * At most 500 characters of it are passed on.
   */
  'fillError'?: (string);
  '_ttlMs'?: "ttlMs";
  '_softTtlMs'?: "softTtlMs";
  '_expectedVersion'?: "expectedVersion";
  '_maxStaleMs'?: "maxStaleMs";
  '_delta'?: "delta";
  '_version'?: "version";
  '_budgetMs'?: "budgetMs";
  '_waitMs'?: "waitMs";
  '_letterVersion'?: "letterVersion";
  '_fillToken'?: "fillToken";
  '_fill'?: "fill";
  '_fillError'?: "fillError";
}

export interface Operation__Output {
  /**
   * Chosen by the sender; echoed in the reply.
   */
  'id': (number);
  'kind': (_holdfast_v1_Operation_Kind__Output);
  'cache': (string);
  /**
   * 1 to 512 bytes of well-formed UTF-8.
   */
  'key': (Buffer);
  'value': (Buffer);
  /**
   * Codec in the low 8 bits: 0 bytes, 1 JSON, 2 text, 3 MessagePack, from 64 on the application's own.
   * Compression in the next 7: 0 none, 1 gzip, 2 brotli, 3 zstd. The rest is 0. Opaque to nodes, but that
   * a cache of a table takes JSON alone, uncompressed.
   */
  'encoding': (number);
  /**
   * Lifetime in milliseconds from acceptance. Absent: the cache's own. 0: for ever.
   * Signed, so that a negative one arrives and is refused.
   */
  'ttlMs'?: (number);
  /**
   * Of SET and FILL: from this age on the entry is stale, in milliseconds. Absent: the cache's own. 0: never.
   * It is the copy's alone: a row that is loaded again has the cache's.
   */
  'softTtlMs'?: (number);
  /**
   * Write only if the entry has this version; 0: only if there is none. Absent: always.
   */
  'expectedVersion'?: (number);
  'ack': (_holdfast_v1_Operation_Ack__Output);
  /**
   * GET and LOAD take an entry as a miss that is past its cache's soft lifetime by this much, in milliseconds, and no
   * value in grace that is past its lifetime, or its soft one, by so much; nor does FILL. 0: any that is stale.
   * Absent: none.
   */
  'maxStaleMs'?: (number);
  /**
   * Set by a node that passes on somebody's operation. Peer.Forward, where such operations come in,
   * answers for its own node only, so nothing is passed on twice.
   */
  'forwarded': (boolean);
  /**
   * What INCREMENT adds.
   */
  'delta'?: (number);
  /**
   * What PERSISTED asks for.
   */
  'version'?: (number);
  /**
   * Which letter RETRY_DEAD_LETTER and FORGET_DEAD_LETTER mean.
   */
  'letterVersion'?: (number);
  /**
   * How long the sender waits for this operation, in milliseconds, where that is less than the batch's
   * budget. The node answers before that.
   */
  'budgetMs'?: (number);
  /**
   * Longest that PERSISTED, FLUSH and LOAD wait before they answer "not yet", in milliseconds. Absent: as
   * long as the budget allows.
   */
  'waitMs'?: (number);
  /**
   * What FILL and RENEW_FILL answer to.
   */
  'fillToken'?: (number);
  /**
   * What FILL tells. Absent: FOUND.
   */
  'fill'?: (_holdfast_v1_Operation_Fill__Output);
  /**
   * At most 500 characters of it are passed on.
   */
  'fillError'?: (string);
  '_ttlMs'?: "ttlMs";
  '_softTtlMs'?: "softTtlMs";
  '_expectedVersion'?: "expectedVersion";
  '_maxStaleMs'?: "maxStaleMs";
  '_delta'?: "delta";
  '_version'?: "version";
  '_budgetMs'?: "budgetMs";
  '_waitMs'?: "waitMs";
  '_letterVersion'?: "letterVersion";
  '_fillToken'?: "fillToken";
  '_fill'?: "fill";
  '_fillError'?: "fillError";
}
