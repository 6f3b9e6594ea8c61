// Original file: holdfast/v1/operator.proto

import type { DeadLetter as _holdfast_v1_DeadLetter, DeadLetter__Output as _holdfast_v1_DeadLetter__Output } from '../../holdfast/v1/DeadLetter.js';
import type { Long } from '@grpc/proto-loader';

export interface _holdfast_v1_Explanation_Backup {
  'incarnation'?: (string);
  'inSync'?: (boolean);
  /**
   * It has everything that was written to the partition, this write included.
   */
  'hasEverything'?: (boolean);
}

export interface _holdfast_v1_Explanation_Backup__Output {
  'incarnation': (string);
  'inSync': (boolean);
  /**
   * It has everything that was written to the partition, this write included.
   */
  'hasEverything': (boolean);
}

export interface _holdfast_v1_Explanation_Cached {
  'version'?: (number | string | Long);
  /**
   * It is known that there is no such row; of an unpersisted one: it deletes the key.
   */
  'absence'?: (boolean);
  'valueBytes'?: (number | string | Long);
  'encoding'?: (number);
  'ageMs'?: (number | string | Long);
  /**
   * Absent: never.
   */
  'ttlLeftMs'?: (number | string | Long);
  /**
   * What it takes in memory.
   */
  'costBytes'?: (number | string | Long);
  /**
   * It was acknowledged, but the database refuses it: one of the dead letters below.
   */
  'unpersisted'?: (boolean);
  /**
   * It is past its cache's soft lifetime: it is served as stale, and loaded anew when it is read.
   */
  'stale'?: (boolean);
  /**
   * Milliseconds until nobody has used it for too long. Absent: the cache has no `maxIdle`.
   */
  'idleLeftMs'?: (number | string | Long);
  '_ttlLeftMs'?: "ttlLeftMs";
  '_idleLeftMs'?: "idleLeftMs";
}

export interface _holdfast_v1_Explanation_Cached__Output {
  'version': (number);
  /**
   * It is known that there is no such row; of an unpersisted one: it deletes the key.
   */
  'absence': (boolean);
  'valueBytes': (number);
  'encoding': (number);
  'ageMs': (number);
  /**
   * Absent: never.
   */
  'ttlLeftMs'?: (number);
  /**
   * What it takes in memory.
   */
  'costBytes': (number);
  /**
   * It was acknowledged, but the database refuses it: one of the dead letters below.
   */
  'unpersisted': (boolean);
  /**
   * It is past its cache's soft lifetime: it is served as stale, and loaded anew when it is read.
   */
  'stale': (boolean);
  /**
   * Milliseconds until nobody has used it for too long. Absent: the cache has no `maxIdle`.
   */
  'idleLeftMs'?: (number);
  '_ttlLeftMs'?: "ttlLeftMs";
  '_idleLeftMs'?: "idleLeftMs";
}

export interface _holdfast_v1_Explanation_Dirty {
  'version'?: (number | string | Long);
  'ageMs'?: (number | string | Long);
  /**
   * The write deletes the key.
   */
  'deletion'?: (boolean);
  /**
   * It comes from a journal, or from a former owner.
   */
  'replayed'?: (boolean);
  /**
   * It has not reached what its cache's level asks for.
   */
  'uncommitted'?: (boolean);
  /**
   * Whether the owner's journal has it. Absent: the owner has none.
   */
  'journal'?: (boolean);
  'backups'?: (_holdfast_v1_Explanation_Backup)[];
  '_journal'?: "journal";
}

export interface _holdfast_v1_Explanation_Dirty__Output {
  'version': (number);
  'ageMs': (number);
  /**
   * The write deletes the key.
   */
  'deletion': (boolean);
  /**
   * It comes from a journal, or from a former owner.
   */
  'replayed': (boolean);
  /**
   * It has not reached what its cache's level asks for.
   */
  'uncommitted': (boolean);
  /**
   * Whether the owner's journal has it. Absent: the owner has none.
   */
  'journal'?: (boolean);
  'backups': (_holdfast_v1_Explanation_Backup__Output)[];
  '_journal'?: "journal";
}

export interface _holdfast_v1_Explanation_Row {
  'state'?: (_holdfast_v1_Explanation_Row_State);
  'version'?: (number | string | Long);
  /**
   * Absent: never.
   */
  'expiresAtMs'?: (number | string | Long);
  /**
   * When Holdfast wrote it last. Absent: it never did.
   */
  'updatedAtMs'?: (number | string | Long);
  '_expiresAtMs'?: "expiresAtMs";
  '_updatedAtMs'?: "updatedAtMs";
}

export interface _holdfast_v1_Explanation_Row__Output {
  'state': (_holdfast_v1_Explanation_Row_State__Output);
  'version': (number);
  /**
   * Absent: never.
   */
  'expiresAtMs'?: (number);
  /**
   * When Holdfast wrote it last. Absent: it never did.
   */
  'updatedAtMs'?: (number);
  '_expiresAtMs'?: "expiresAtMs";
  '_updatedAtMs'?: "updatedAtMs";
}

// Original file: holdfast/v1/operator.proto

export const _holdfast_v1_Explanation_Row_State = {
  ABSENT: 'ABSENT',
  PRESENT: 'PRESENT',
  /**
   * Deleted, and that is remembered.
   */
  TOMBSTONE: 'TOMBSTONE',
  EXPIRED: 'EXPIRED',
} as const;

export type _holdfast_v1_Explanation_Row_State =
  | 'ABSENT'
  | 0
  | 'PRESENT'
  | 1
  /**
   * Deleted, and that is remembered.
   */
  | 'TOMBSTONE'
  | 2
  | 'EXPIRED'
  | 3

export type _holdfast_v1_Explanation_Row_State__Output = typeof _holdfast_v1_Explanation_Row_State[keyof typeof _holdfast_v1_Explanation_Row_State]

export interface Explanation {
  /**
   * Who tells this: the key's owner, and the epoch that it has read.
   */
  'incarnation'?: (string);
  'epoch'?: (number | string | Long);
  'pattern'?: (string);
  'partition'?: (number);
  'term'?: (number);
  /**
   * Acknowledged writes of former owners may be missing.
   */
  'recovering'?: (boolean);
  /**
   * The outcome of a write to the key is being found out.
   */
  'unresolved'?: (boolean);
  /**
   * Absent: nothing is in memory.
   */
  'cached'?: (_holdfast_v1_Explanation_Cached | null);
  /**
   * Absent: no write of the key is on its way to the database.
   */
  'dirty'?: (_holdfast_v1_Explanation_Dirty | null);
  /**
   * Absent: the cache has no source, or the database did not answer.
   */
  'row'?: (_holdfast_v1_Explanation_Row | null);
  /**
   * Why the database could not be asked.
   */
  'rowProblem'?: (string);
  /**
   * Without values.
   */
  'deadLetters'?: (_holdfast_v1_DeadLetter)[];
  '_cached'?: "cached";
  '_dirty'?: "dirty";
  '_row'?: "row";
}

export interface Explanation__Output {
  /**
   * Who tells this: the key's owner, and the epoch that it has read.
   */
  'incarnation': (string);
  'epoch': (number);
  'pattern': (string);
  'partition': (number);
  'term': (number);
  /**
   * Acknowledged writes of former owners may be missing.
   */
  'recovering': (boolean);
  /**
   * The outcome of a write to the key is being found out.
   */
  'unresolved': (boolean);
  /**
   * Absent: nothing is in memory.
   */
  'cached'?: (_holdfast_v1_Explanation_Cached__Output | null);
  /**
   * Absent: no write of the key is on its way to the database.
   */
  'dirty'?: (_holdfast_v1_Explanation_Dirty__Output | null);
  /**
   * Absent: the cache has no source, or the database did not answer.
   */
  'row'?: (_holdfast_v1_Explanation_Row__Output | null);
  /**
   * Why the database could not be asked.
   */
  'rowProblem': (string);
  /**
   * Without values.
   */
  'deadLetters': (_holdfast_v1_DeadLetter__Output)[];
  '_cached'?: "cached";
  '_dirty'?: "dirty";
  '_row'?: "row";
}
