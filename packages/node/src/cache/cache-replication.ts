/** The backups of this node's partitions, as one cache writes to them. */
import type { JournalRecord } from "../journal/record.js";
import type { BackupState, ReplicaSet } from "../replication/replica-set.js";
import type { DirtyEntry } from "../write-behind/dirty-entry.js";

/**
 * Asks whether an entry is on every backup that it must be on: `true` once it is, `false` if that is
 * none. @throws {CacheError} `OUTCOME_UNKNOWN` when nobody will ever know.
 */
export type Confirmation = () => boolean | Promise<boolean>;

export interface CacheReplication {
  /** Whether a backup of the partition is in sync. */
  isBackedUp(partition: number): boolean;
  /** Whether its backups keep up with what is sent to them. */
  keepsUp(partition: number): boolean;
  /** @param journal - the backups' journals must have it as well. */
  write(record: JournalRecord, journal: boolean): Confirmation;
  /** Who backs the partition up, and how far they are. */
  backups(partition: number): readonly BackupState[];
  /** The database has these writes, or later ones of their keys. */
  clean(entries: readonly DirtyEntry[]): void;
}

/** What caches need of replication; tests have a simpler one. */
export interface ReplicaSets {
  /** `undefined`: this node does not own the partition. */
  setOf(
    partition: number,
  ):
    | Pick<
        ReplicaSet,
        "isAlone" | "isBackedUp" | "hasRoom" | "backups" | "put" | "clean" | "confirmed"
      >
    | undefined;
}

const nobody: Confirmation = () => false;

/** @param cacheId - names may be used again; ids never are. */
export function cacheReplication(replication: ReplicaSets, cacheId: number): CacheReplication {
  return {
    isBackedUp: (partition) => replication.setOf(partition)?.isBackedUp === true,
    keepsUp: (partition) => replication.setOf(partition)?.hasRoom !== false,
    write(record, journal) {
      const set = replication.setOf(record.partition);
      if (set === undefined || set.isAlone) return nobody;
      const position = set.put(record, journal);
      return () => set.confirmed(position);
    },
    backups: (partition) => replication.setOf(partition)?.backups ?? [],
    clean(entries) {
      for (const { key, partition, version } of entries) {
        replication.setOf(partition)?.clean({ cacheId, key, partition }, version);
      }
    },
  };
}
