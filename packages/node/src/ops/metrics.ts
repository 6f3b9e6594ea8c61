/**
 * The node's metrics for Prometheus. Nothing is counted twice: each metric reads the plain counters
 * of the part that it is about when somebody scrapes.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { ConfiguredCache } from "../cache/configured-cache.js";
import { type CacheFigures, figuresOf } from "./node-stats.js";

export interface NodeFigures {
  readonly caches: () => Iterable<ConfiguredCache>;
  readonly epoch: () => number;
  readonly ownedPartitions: () => number;
  readonly isRightful: () => boolean;
  readonly memoryBudgetBytes: number;
  readonly memoryUsedBytes: () => number;
  readonly openPipes: () => number;
}

type Figure = Exclude<keyof CacheFigures, "cache">;

const COUNTERS: Readonly<Partial<Record<Figure, readonly [string, string]>>> = {
  hits: ["holdfast_cache_hits_total", "Reads answered from memory."],
  misses: ["holdfast_cache_misses_total", "Reads that found nothing in memory."],
  negativeHits: ["holdfast_cache_negative_hits_total", "Hits on a remembered absence."],
  loads: ["holdfast_cache_loads_total", "Keys asked of the database."],
  loadBatches: ["holdfast_cache_load_batches_total", "Statements that asked for keys."],
  loadFailures: ["holdfast_cache_load_failures_total", "Keys that could not be loaded."],
  sets: ["holdfast_cache_sets_total", "Writes asked for."],
  deletes: ["holdfast_cache_deletes_total", "Deletions asked for."],
  evictions: ["holdfast_cache_evictions_total", "Entries removed for lack of space."],
  expirations: ["holdfast_cache_expirations_total", "Entries removed at the end of their life."],
  flushedRows: ["holdfast_flushed_rows_total", "Rows written to the database."],
  flushBatches: ["holdfast_flush_batches_total", "Statements that wrote rows."],
  flushRetries: ["holdfast_flush_retries_total", "Flushes that had to be repeated."],
  deadLetters: ["holdfast_dead_letters_total", "Rows that the database refused."],
  lostWrites: ["holdfast_lost_writes_total", "Acknowledged writes given up when deposed."],
};

const GAUGES: Readonly<Partial<Record<Figure, readonly [string, string]>>> = {
  entries: ["holdfast_cache_entries", "Entries in memory."],
  bytes: ["holdfast_cache_bytes", "Memory of the entries, with overhead."],
  dirtyEntries: ["holdfast_dirty_entries", "Acknowledged writes not yet in the database."],
  dirtyBytes: ["holdfast_dirty_bytes", "Memory of those."],
  oldestDirtyAgeMs: ["holdfast_oldest_dirty_age_ms", "Age of the oldest of those."],
};

export function createMetrics(node: NodeFigures): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [figure, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name,
      help,
      labelNames: ["cache"],
      registers: [registry],
      collect() {
        this.reset();
        for (const cache of node.caches()) {
          this.inc({ cache: cache.name }, figuresOf(cache)[figure as Figure]);
        }
      },
    });
  }
  for (const [figure, [name, help]] of Object.entries(GAUGES)) {
    new Gauge({
      name,
      help,
      labelNames: ["cache"],
      registers: [registry],
      collect() {
        for (const cache of node.caches()) {
          this.set({ cache: cache.name }, figuresOf(cache)[figure as Figure]);
        }
      },
    });
  }
  addGauge(registry, "holdfast_topology_epoch", "Epoch of the topology in use.", node.epoch);
  addGauge(
    registry,
    "holdfast_owned_partitions",
    "Partitions that this node owns.",
    node.ownedPartitions,
  );
  addGauge(registry, "holdfast_right_to_serve", "1 while this node may serve what it owns.", () =>
    node.isRightful() ? 1 : 0,
  );
  addGauge(
    registry,
    "holdfast_memory_budget_bytes",
    "Memory for entries.",
    () => node.memoryBudgetBytes,
  );
  addGauge(registry, "holdfast_memory_used_bytes", "Memory in use.", node.memoryUsedBytes);
  addGauge(registry, "holdfast_open_pipes", "Clients connected by a pipe.", node.openPipes);
  return registry;
}

function addGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
