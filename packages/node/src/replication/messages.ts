/**
 * What an owner and its backups say to each other (proto/holdfast/v1/peer.proto, `Replicate`), as the
 * two sides use it.
 */
import type { Incarnation } from "@holdfast/core";
import type { JournalRecord, RecordName } from "../journal/record.js";

export type { JournalRecord };

/** A dirty entry, as a backup is to have it. */
export interface DirtyCopy {
  readonly entry: JournalRecord;
  /** Whether the backup's journal is to have it, too. */
  readonly journal: boolean;
}

interface RecordHeader {
  readonly partition: number;
  /** The owner's. */
  readonly term: number;
  /** Number of the synchronisation that it belongs to; an owner uses each for one backup once. */
  readonly sync: number;
}

export type ReplicaRecord = RecordHeader &
  (
    | {
        /** A dirty entry. */
        readonly kind: "PUT";
        readonly entry: JournalRecord;
        /** The reply waits for the backup's journal. */
        readonly journal: boolean;
      }
    /** The database has this version or a later one. */
    | { readonly kind: "CLEAN"; readonly entry: RecordName & { readonly version: number } }
    /**
     * BEGIN: the backup starts with nothing; MERGE: it is in sync, and keeps what it has until END.
     */
    | { readonly kind: "BEGIN" | "MERGE" | "END" }
  );

export interface ReplicaHello {
  readonly from: Incarnation;
  readonly to: Incarnation;
  /** Grows with each link that an owner opens anew. */
  readonly session: number;
  readonly promiseMs: number;
}

export interface ReplicaBatch {
  readonly id: number;
  /** Number of the first record. */
  readonly first: number;
  readonly records: readonly ReplicaRecord[];
  /**
   * Entries that can be forgotten ahead of the records that say so, which wait behind others that the
   * backup has no room for.
   */
  readonly cleaned: readonly CleanRecord[];
}

export type CleanRecord = Extract<ReplicaRecord, { readonly kind: "CLEAN" }>;

export interface ReplicaReply {
  readonly id: number;
  /** All records up to this number have been taken. */
  readonly through: number;
  /** Synchronisations of which no more is taken; their partitions are promised nothing. */
  readonly refused: readonly number[];
  /** There is no room now. */
  readonly overloaded: boolean;
}

/** An open stream to a backup. */
export interface ReplicaStream {
  send(batch: ReplicaBatch): void;
  close(): void;
}

export interface ReplicaStreamEvents {
  onReply(reply: ReplicaReply): void;
  /** Nothing more comes. What was sent may have arrived or not. */
  onClosed(): void;
}

/** Opens a stream to the node at this address. Never throws; failures are told as closings. */
export type OpenReplicaStream = (
  address: string,
  hello: ReplicaHello,
  events: ReplicaStreamEvents,
) => ReplicaStream;
