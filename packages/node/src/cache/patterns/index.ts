import type { Clock, Logger, Random } from "@holdfast/core";
import type { CacheConfig, CachePattern } from "@holdfast/process";
import type { Source } from "../../database/source.js";
import type { CacheJournal } from "../cache-journal.js";
import type { CacheReplication } from "../cache-replication.js";
import type { NodeServices } from "../context.js";
import type { Loads } from "../loads.js";
import type { Memory } from "../memory.js";
import { Persister } from "../persister.js";
import type { CacheCounters } from "../stats.js";
import { CacheAside } from "./cache-aside.js";
import type { Pattern } from "./pattern.js";
import { ReadThrough } from "./read-through.js";
import { WriteBehind } from "./write-behind.js";
import { WriteThrough } from "./write-through.js";

/** What a pattern may be made of; those that read and write a database have a source. */
export interface PatternParts {
  readonly cacheId: number;
  readonly config: () => CacheConfig;
  readonly memory: Memory;
  readonly sourced: { readonly source: Source; readonly loads: Loads } | undefined;
  readonly services: NodeServices;
  readonly journal: CacheJournal | undefined;
  readonly replication: CacheReplication;
  readonly counters: CacheCounters;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Every pattern by the name used in configuration. */
export const PATTERNS: Readonly<Record<CachePattern, (parts: PatternParts) => Pattern>> = {
  "cache-aside": ({ memory }) => new CacheAside(memory),
  "read-through": (parts) => new ReadThrough(parts.memory, sourced(parts).loads),
  "write-through": (parts) => {
    const { source, loads } = sourced(parts);
    return new WriteThrough({ ...parts, loads, persister: new Persister(source, parts.services) });
  },
  "write-behind": (parts) => {
    const { source, loads } = sourced(parts);
    const persister = new Persister(source, parts.services);
    const settings = () => parts.config().writeBehind;
    return new WriteBehind({
      ...parts,
      source,
      loads,
      persister,
      queue: settings(),
      ack: () => settings().ack,
      lifetimes: parts.config,
    });
  },
};

function sourced({ sourced }: PatternParts): NonNullable<PatternParts["sourced"]> {
  // The configuration's schema asks for a source wherever a pattern needs one.
  if (sourced === undefined) throw new TypeError("this pattern needs a source");
  return sourced;
}
