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

/** What a node has of clean entries, as the owner of a partition that is to move sees it. */
export interface CleanEntries {
  /** What there is in a partition, hottest first; each entry is read when its turn comes. */
  hottest(partition: number): Iterable<JournalRecord>;
  /** Tells of every later change. Returns how to end that. */
  watch(partition: number, listener: CleanListener): () => void;
}

export interface CleanListener {
  /** It is new, or another than before. */
  kept(entry: JournalRecord): void;
  gone(name: RecordName): void;
}

/** The same, as the target sees it: entries of partitions that are not its own yet. */
export interface CleanCopies {
  put(entry: JournalRecord): void;
  remove(name: RecordName): void;
  /** Forgets all of a partition. */
  forget(partition: number): void;
}

export interface RecordHeader {
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
    /** BEGIN: the backup starts with nothing; MERGE: it is in sync, and keeps what it has until END. */
    | {
        readonly kind: "BEGIN" | "MERGE";
        /** Of the topology by which the owner sends. */
        readonly epoch: number;
      }
    | { readonly kind: "END" }
    /** FILL: the target of a move is to have a clean entry. */
    | { readonly kind: "FILL"; readonly entry: JournalRecord }
    /** The owner has no such clean entry any more. */
    | { readonly kind: "DROP"; readonly entry: RecordName }
    /** Of the partition's clean entries, only those that follow count. */
    | { readonly kind: "FORGET" }
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

export type PutRecord = RecordOf<"PUT">;

export type CleanRecord = RecordOf<"CLEAN">;

export type BeginRecord = RecordOf<"BEGIN"> | RecordOf<"MERGE">;

/** Records about clean entries, for the target of a move. */
export type CopyRecord = RecordOf<"FILL"> | RecordOf<"DROP"> | RecordOf<"FORGET">;

type RecordOf<Kind> = ReplicaRecord & { readonly kind: Kind };

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

/** Bytes of a record beyond its key and value, on the wire. */
const RECORD_BYTES = 48;

/** About how many bytes a record takes on the wire. */
export function recordBytesOf({ key, value }: Partial<JournalRecord> = {}): number {
  return RECORD_BYTES + (key?.length ?? 0) + (value?.byteLength ?? 0);
}
