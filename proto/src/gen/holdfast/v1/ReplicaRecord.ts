// Original file: holdfast/v1/peer.proto

import type { JournalRecord as _holdfast_v1_JournalRecord, JournalRecord__Output as _holdfast_v1_JournalRecord__Output } from '../../holdfast/v1/JournalRecord.js';
import type { Long } from '@grpc/proto-loader';

// Original file: holdfast/v1/peer.proto

export const _holdfast_v1_ReplicaRecord_Kind = {
  /**
   * A dirty entry, or a deletion. An older version than the one held is ignored.
   */
  PUT: 'PUT',
  /**
   * The database has this version or a later one: up to it, the entry is to be forgotten.
   */
  CLEAN: 'CLEAN',
  /**
   * A synchronisation begins. The backup is not in sync, and forgets what it held.
   */
  BEGIN: 'BEGIN',
  /**
   * As BEGIN, of a backup that is in sync: it keeps what it has until END.
   */
  MERGE: 'MERGE',
  /**
   * Everything that is dirty has been sent. Of what was merged into, only what came stays.
   */
  END: 'END',
  /**
   * A clean entry, for the target of a move; it is served only once the move has been published.
   */
  FILL: 'FILL',
  /**
   * The owner has no clean entry of this name any more.
   */
  DROP: 'DROP',
  /**
   * The target forgets every clean entry of the partition; what follows is all there is.
   */
  FORGET: 'FORGET',
} as const;

export type _holdfast_v1_ReplicaRecord_Kind =
  /**
   * A dirty entry, or a deletion. An older version than the one held is ignored.
   */
  | 'PUT'
  | 0
  /**
   * The database has this version or a later one: up to it, the entry is to be forgotten.
   */
  | 'CLEAN'
  | 1
  /**
   * A synchronisation begins. The backup is not in sync, and forgets what it held.
   */
  | 'BEGIN'
  | 2
  /**
   * As BEGIN, of a backup that is in sync: it keeps what it has until END.
   */
  | 'MERGE'
  | 3
  /**
   * Everything that is dirty has been sent. Of what was merged into, only what came stays.
   */
  | 'END'
  | 4
  /**
   * A clean entry, for the target of a move; it is served only once the move has been published.
   */
  | 'FILL'
  | 5
  /**
   * The owner has no clean entry of this name any more.
   */
  | 'DROP'
  | 6
  /**
   * The target forgets every clean entry of the partition; what follows is all there is.
   */
  | 'FORGET'
  | 7

export type _holdfast_v1_ReplicaRecord_Kind__Output = typeof _holdfast_v1_ReplicaRecord_Kind[keyof typeof _holdfast_v1_ReplicaRecord_Kind]

export interface ReplicaRecord {
  'kind'?: (_holdfast_v1_ReplicaRecord_Kind);
  'partition'?: (number);
  /**
   * The owner's term.
   */
  'term'?: (number);
  /**
   * Number of the synchronisation that the record belongs to.
   */
  'sync'?: (number | string | Long);
  /**
   * PUT: the entry. CLEAN: its name and version. FILL: the entry; its end is that of the owner's copy.
   * DROP: its name.
   */
  'entry'?: (_holdfast_v1_JournalRecord | null);
  /**
   * PUT: the reply waits until the backup's journal has it.
   */
  'journal'?: (boolean);
  /**
   * BEGIN, MERGE: epoch of the topology by which the owner sends. The backup may not have read it yet.
   */
  'epoch'?: (number | string | Long);
}

export interface ReplicaRecord__Output {
  'kind': (_holdfast_v1_ReplicaRecord_Kind__Output);
  'partition': (number);
  /**
   * The owner's term.
   */
  'term': (number);
  /**
   * Number of the synchronisation that the record belongs to.
   */
  'sync': (number);
  /**
   * PUT: the entry. CLEAN: its name and version. FILL: the entry; its end is that of the owner's copy.
   * DROP: its name.
   */
  'entry': (_holdfast_v1_JournalRecord__Output | null);
  /**
   * PUT: the reply waits until the backup's journal has it.
   */
  'journal': (boolean);
  /**
   * BEGIN, MERGE: epoch of the topology by which the owner sends. The backup may not have read it yet.
   */
  'epoch': (number);
}
