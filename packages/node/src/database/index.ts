import type { Clock } from "@holdfast/core";
import type { Database, SourceConfig } from "@holdfast/process";
import { EntriesSource } from "./entries-source.js";
import type { Source } from "./source.js";
import { TableSource } from "./table-source.js";

export type { FlushRow, Source } from "./source.js";

export interface SourceSurroundings {
  /** Name of the cache that the source stands behind. */
  readonly cache: string;
  readonly database: Database;
  readonly clock: Clock;
}

type SourceFactories = {
  readonly [Kind in SourceConfig["kind"]]: (
    config: Extract<SourceConfig, { readonly kind: Kind }>,
    surroundings: SourceSurroundings,
  ) => Source;
};

/** Every kind of source by the name used in configuration. */
const SOURCES: SourceFactories = {
  entries: (_config, { cache, clock, database }) => new EntriesSource(cache, database, clock),
  table: (config, { cache, clock, database }) => new TableSource(config, cache, database, clock),
};

/** Nothing is asked of the database before the source is used. */
export function createSource(config: SourceConfig, surroundings: SourceSurroundings): Source {
  // The compiler does not see that the factory found under a kind takes that kind's configuration.
  const create = SOURCES[config.kind] as (
    config: SourceConfig,
    surroundings: SourceSurroundings,
  ) => Source;
  return create(config, surroundings);
}
