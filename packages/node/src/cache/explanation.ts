/**
 * What a cache on this node, the key's owner, has of a key: for people who ask why they see what they see.
 * Looking counts as no read, loads nothing and waits for nothing.
 */
import type { BackupState } from "../replication/replica-set.js";
import type { Store } from "../store/store.js";
import type { DirtyEntry } from "../write-behind/dirty-entry.js";
import type { CacheJournal } from "./cache-journal.js";
import type { CacheReplication } from "./cache-replication.js";
import { type Lifetimes, staleFromMs } from "./lifetimes.js";
import { plain } from "./own-soft-ttl.js";
import type { Pattern } from "./patterns/pattern.js";

export interface CachedFacts {
  readonly version: number;
  /** It is known that there is no such row. */
  readonly isAbsence: boolean;
  readonly valueBytes: number;
  readonly encoding: number;
  readonly ageMs: number;
  /** It is past its soft lifetime, or in grace. */
  readonly stale: boolean;
  /** `undefined`: it does not expire. 0: it is in grace. */
  readonly ttlLeftMs: number | undefined;
  /** Until it has been idle for too long; `undefined`: it may be. */
  readonly idleLeftMs: number | undefined;
  readonly costBytes: number;
  /** The database refuses it. */
  readonly isUnpersisted: boolean;
}

export interface DirtyFacts {
  readonly version: number;
  readonly ageMs: number;
  readonly isDeletion: boolean;
  /** It comes from a journal, or from a former owner. */
  readonly isReplayed: boolean;
  /** It has not reached what its cache's level asks for. */
  readonly isUncommitted: boolean;
  /** Whether the journal has it; `undefined`: there is none. */
  readonly isInJournal: boolean | undefined;
  readonly backups: readonly BackupState[];
}

export interface MemoryFacts {
  /** `undefined`: nothing is in memory. */
  readonly cached: CachedFacts | undefined;
  /** `undefined`: nothing is on its way to the database. */
  readonly dirty: DirtyFacts | undefined;
  /** The outcome of a write is being found out. */
  readonly isUnresolved: boolean;
}

export interface ExplainedParts {
  readonly lifetimes: Lifetimes;
  readonly store: Store;
  readonly pattern: Pattern;
  readonly journal: CacheJournal | undefined;
  readonly replication: CacheReplication;
}

interface ExplainedKey {
  readonly key: string;
  readonly keyHash: number;
  readonly partition: number;
  readonly nowMs: number;
}

export function memoryFacts(
  parts: ExplainedParts,
  { key, keyHash, partition, nowMs }: ExplainedKey,
): MemoryFacts {
  const { store, pattern, lifetimes } = parts;
  const live = store.peek(key);
  const entry = live ?? store.findInGrace(key);
  const dirty = pattern.queue?.get(key, partition);
  return {
    cached: entry && {
      version: entry.version,
      isAbsence: entry.value === undefined,
      valueBytes: plain(entry).value?.byteLength ?? 0,
      encoding: plain(entry).encoding,
      ageMs: Math.max(0, nowMs - entry.writtenAtMs),
      stale: live === undefined || staleFromMs(entry, keyHash, lifetimes) <= nowMs,
      ttlLeftMs: msUntil(entry.expiresAtMs, nowMs),
      idleLeftMs: msUntil(store.idleUntilMs(key), nowMs),
      costBytes: entry.costBytes,
      isUnpersisted: entry.unpersisted,
    },
    dirty: dirty && dirtyFacts(parts, dirty, nowMs),
    isUnresolved: pattern.unresolved(key) !== undefined,
  };
}

function msUntil(instantMs: number, nowMs: number): number | undefined {
  return instantMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, instantMs - nowMs);
}

function dirtyFacts(
  { pattern, journal, replication }: ExplainedParts,
  entry: DirtyEntry,
  nowMs: number,
): DirtyFacts {
  return {
    version: entry.version,
    ageMs: Math.max(0, nowMs - entry.writtenAtMs),
    isDeletion: entry.value === undefined,
    isReplayed: entry.isReplayed,
    isUncommitted: pattern.uncommitted?.(entry.key, entry.partition) !== undefined,
    isInJournal: journal?.holds(entry),
    backups: replication.backups(entry.partition),
  };
}
