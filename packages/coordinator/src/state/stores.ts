/**
 * What a coordinator keeps in the database: what the cluster is, which epochs and terms are set
 * aside, and the ids of caches. The tables are brought up to date before their first use, and not when the process starts:
 * a coordinator that only stands by, or whose registry has all it needs, can do without a database.
 */
import type { ClusterConfig } from "@holdfast/core";
import {
  assignCacheIds,
  type Database,
  type DatabaseSettings,
  type Floor,
  migrate,
  readFloor,
  readMeta,
  removeTombstones,
  reserveFloor,
  type TombstonePlace,
  type TombstoneSlice,
  type TombstoneTable,
  writeMeta,
} from "@holdfast/process";

/** What the cluster is. */
export interface MetaStore {
  /** @throws {DatabaseError} */
  read(): Promise<ClusterConfig | undefined>;
  /** Remembers it unless something is remembered already, and returns what is. @throws {DatabaseError} */
  write(config: ClusterConfig): Promise<ClusterConfig>;
}

/** The epochs and terms that are set aside. */
export interface FloorStore {
  /** @throws {DatabaseError} */
  read(): Promise<Floor>;
  /** Raises what is lower, and returns what is set aside then. @throws {DatabaseError} */
  reserve(wanted: Floor): Promise<Floor>;
}

/** The ids of caches, one for each name for ever. */
export interface CacheIdStore {
  /**
   * The ids of these names; those that have none get one above all others, `known` ones included,
   * which are remembered too.
   *
   * @throws {DatabaseError}
   */
  assign(
    names: readonly string[],
    known: ReadonlyMap<string, number>,
  ): Promise<ReadonlyMap<string, number>>;
}

/** What tells that keys were deleted. */
export interface TombstoneStore {
  /** Removes those of the next slice that are old enough. @throws {DatabaseError} */
  remove(
    table: TombstoneTable,
    slice: {
      readonly after: TombstonePlace | undefined;
      readonly limit: number;
      readonly retentionMs: number;
    },
  ): Promise<TombstoneSlice>;
}

export interface Stores {
  readonly meta: MetaStore;
  readonly floor: FloorStore;
  readonly cacheIds: CacheIdStore;
  readonly tombstones: TombstoneStore;
}

export function createStores(database: Database, settings: DatabaseSettings | undefined): Stores {
  let isPrepared = settings?.migrate !== true;
  async function prepared<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!isPrepared) await migrate(database);
    isPrepared = true;
    return await work();
  }
  return {
    meta: {
      read: () => prepared(() => readMeta(database)),
      write: (config) => prepared(() => writeMeta(database, config)),
    },
    floor: {
      read: () => prepared(() => readFloor(database)),
      reserve: (wanted) => prepared(() => reserveFloor(database, wanted)),
    },
    cacheIds: {
      assign: (names, known) => prepared(() => assignCacheIds(database, names, known)),
    },
    tombstones: {
      remove: (table, slice) => prepared(() => removeTombstones(database, table, slice)),
    },
  };
}
