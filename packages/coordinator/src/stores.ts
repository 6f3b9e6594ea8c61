/**
 * What a coordinator keeps in the database: what the cluster is, and which epochs and terms are set
 * aside. The tables are brought up to date before their first use, and not when the process starts:
 * a coordinator that only stands by, or whose registry has all it needs, can do without a database.
 */
import {
  type Database,
  type DatabaseSettings,
  migrate,
  readFloor,
  readMeta,
  reserveFloor,
  writeMeta,
} from "@holdfast/process";
import type { MetaStore } from "./cluster-config.js";
import type { FloorStore } from "./floors.js";

export interface Stores {
  readonly meta: MetaStore;
  readonly floor: FloorStore;
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
  };
}
