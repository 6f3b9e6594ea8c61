// Original file: holdfast/v1/peer.proto

import type { ReplicaHello as _holdfast_v1_ReplicaHello, ReplicaHello__Output as _holdfast_v1_ReplicaHello__Output } from '../../holdfast/v1/ReplicaHello.js';
import type { Long } from '@grpc/proto-loader';

export interface ReplicaBatch {
  /**
   * In the first batch of a stream, and only there.
   */
  'hello'?: (_holdfast_v1_ReplicaHello | null);
  /**
   * Names this batch in its reply.
   */
  'id'?: (number | string | Long);
  /**
   * Number of the first record; the others follow without gaps. Records that the backup has had
   * already are skipped. A batch without records asks for a reply all the same.
   */
  'first'?: (number | string | Long);
  /**
   * One for every write: so they are packed, one behind the other, all numbers little-endian:
   * 
   * bytes of the record u32 · kind u8 · partition u16 · the owner's term u32 ·
   * number of the synchronisation that it belongs to f64 · what its kind has
   * 
   * 0 PUT     a dirty entry, or a deletion. An older version than the one held is ignored.
   * journal u8 (1: the reply waits until the backup's journal has it) · entry
   * 1 CLEAN   the database has this version or a later one: up to it, the entry is to be forgotten.
   * cache u32 · version f64 · key
   * 2 BEGIN   a synchronisation begins. The backup is not in sync, and forgets what it held.
   * epoch f64 of the topology by which the owner sends; the backup may not have read it yet
   * 3 MERGE   as BEGIN, of a backup that is in sync: it keeps what it has until END. epoch f64
   * 4 END     everything that is dirty has been sent. Of what was merged into, only what came stays.
   * 5 FILL    a clean entry, for the target of a move; it is served only once the move has been
   * published. entry; its end is that of the owner's copy
   * 6 DROP    the owner has no clean entry of this name any more. cache u32 · key
   * 7 FORGET  the target forgets every clean entry of the partition; what follows is all there is.
   * 
   * entry     cache u32 · partition u16 · version f64 · expiresAt f64 (NaN: never) · writtenAt f64 ·
   * encoding u32 · deleted u8 · bytes of the key u16 · key · value
   */
  'records'?: (Buffer | Uint8Array | string);
  /**
   * CLEANs that come later in the sequence, too: where the backup is full, they make room for what
   * comes before them.
   */
  'cleaned'?: (Buffer | Uint8Array | string);
}

export interface ReplicaBatch__Output {
  /**
   * In the first batch of a stream, and only there.
   */
  'hello': (_holdfast_v1_ReplicaHello__Output | null);
  /**
   * Names this batch in its reply.
   */
  'id': (number);
  /**
   * Number of the first record; the others follow without gaps. Records that the backup has had
   * already are skipped. A batch without records asks for a reply all the same.
   */
  'first': (number);
  /**
   * One for every write: so they are packed, one behind the other, all numbers little-endian:
   * 
   * bytes of the record u32 · kind u8 · partition u16 · the owner's term u32 ·
   * number of the synchronisation that it belongs to f64 · what its kind has
   * 
   * 0 PUT     a dirty entry, or a deletion. An older version than the one held is ignored.
   * journal u8 (1: the reply waits until the backup's journal has it) · entry
   * 1 CLEAN   the database has this version or a later one: up to it, the entry is to be forgotten.
   * cache u32 · version f64 · key
   * 2 BEGIN   a synchronisation begins. The backup is not in sync, and forgets what it held.
   * epoch f64 of the topology by which the owner sends; the backup may not have read it yet
   * 3 MERGE   as BEGIN, of a backup that is in sync: it keeps what it has until END. epoch f64
   * 4 END     everything that is dirty has been sent. Of what was merged into, only what came stays.
   * 5 FILL    a clean entry, for the target of a move; it is served only once the move has been
   * published. entry; its end is that of the owner's copy
   * 6 DROP    the owner has no clean entry of this name any more. cache u32 · key
   * 7 FORGET  the target forgets every clean entry of the partition; what follows is all there is.
   * 
   * entry     cache u32 · partition u16 · version f64 · expiresAt f64 (NaN: never) · writtenAt f64 ·
   * encoding u32 · deleted u8 · bytes of the key u16 · key · value
   */
  'records': (Buffer);
  /**
   * CLEANs that come later in the sequence, too: where the backup is full, they make room for what
   * comes before them.
   */
  'cleaned': (Buffer);
}
