/**
 * The node's metrics for Prometheus. Nothing is counted twice: each metric reads the plain counters
 * of the part that it is about when somebody scrapes.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { ConfiguredCache } from "../cache/configured-cache.js";
import type { MissRatioCurve } from "../curve/miss-ratio-curve.js";
import { addCurves } from "./curve-metrics.js";
import { type CacheFigures, figuresOf } from "./node-stats.js";

export interface NodeFigures {
  readonly caches: () => Iterable<ConfiguredCache>;
  readonly epoch: () => number;
  readonly ownedPartitions: () => number;
  readonly isRightful: () => boolean;
  readonly memoryBudgetBytes: number;
  readonly memoryUsedBytes: () => number;
  /** Of all caches together. */
  readonly curve: MissRatioCurve;
  readonly openPipes: () => number;
  readonly recordsToReplay: () => number;
  readonly hasJournalProblem: () => boolean;
  readonly replication: ReplicationFigures;
}

export interface ReplicationFigures {
  /** Partitions of this node's that no backup has in sync. */
  readonly unbacked: number;
  /** Bytes of records that backups have not taken yet. */
  readonly backlogBytes: number;
  /** What this node keeps for others. */
  readonly replicaEntries: number;
  readonly replicaBytes: number;
}

type Figure = Exclude<keyof CacheFigures, "cache">;

/** What a figure is called. Those that differ in the reason alone share a name. */
type Naming = readonly [kind: "counter" | "gauge", name: string, help: string, reason?: string];

const EVICTIONS = [
  "counter",
  "cache_evictions_total",
  "Entries removed for lack of space.",
] as const;

/** Every figure of a cache; a new one does not compile without its row. `undefined`: others add up to it. */
const FIGURES: Readonly<Record<Figure, Naming | undefined>> = {
  hits: ["counter", "cache_hits_total", "Reads answered from memory."],
  misses: ["counter", "cache_misses_total", "Reads that found nothing in memory."],
  negativeHits: ["counter", "cache_negative_hits_total", "Hits on a remembered absence."],
  staleHits: ["counter", "cache_stale_hits_total", "Hits on entries past their soft lifetime."],
  servedInGrace: [
    "counter",
    "cache_served_in_grace_total",
    "Misses whose load failed, so that a value past its lifetime was served.",
  ],
  refreshesAhead: [
    "counter",
    "cache_refreshes_ahead_total",
    "Entries loaded anew before they were stale or had ended.",
  ],
  loads: ["counter", "cache_loads_total", "Keys asked of the database."],
  loadBatches: ["counter", "cache_load_batches_total", "Statements that asked for keys."],
  loadFailures: ["counter", "cache_load_failures_total", "Keys that could not be loaded."],
  tokens: ["counter", "cache_fill_tokens_total", "Fill tokens given to loaders of callers."],
  tokenWaits: ["counter", "cache_fill_waits_total", "Callers who waited for another's loader."],
  loaderFailures: ["counter", "cache_loader_failures_total", "Loaders of callers that failed."],
  sets: ["counter", "cache_sets_total", "Writes asked for."],
  deletes: ["counter", "cache_deletes_total", "Deletions asked for."],
  evictions: undefined,
  capacityEvictions: [...EVICTIONS, "capacity"],
  memoryEvictions: [...EVICTIONS, "memory"],
  expirations: ["counter", "cache_expirations_total", "Entries removed at the end of their life."],
  flushedRows: ["counter", "flushed_rows_total", "Rows written to the database."],
  flushBatches: ["counter", "flush_batches_total", "Statements that wrote rows."],
  flushRetries: ["counter", "flush_retries_total", "Flushes that had to be repeated."],
  deadLetters: ["counter", "dead_letters_total", "Rows that the database refused."],
  lostWrites: ["counter", "lost_writes_total", "Acknowledged writes given up when deposed."],
  slowedWrites: ["counter", "slowed_writes_total", "Writes that waited for the database."],
  checked: ["counter", "checked_entries_total", "Clean entries compared with their rows."],
  newerThanDatabase: [
    "counter",
    "check_newer_violations_total",
    "Clean entries that were newer than their rows: rows have gone back.",
  ],
  staleEntries: [
    "counter",
    "check_stale_violations_total",
    "Clean entries that were older than their rows for longer than allowed.",
  ],
  entries: ["gauge", "cache_entries", "Entries in memory."],
  bytes: ["gauge", "cache_bytes", "Memory of the entries, with overhead."],
  dirtyEntries: ["gauge", "dirty_entries", "Acknowledged writes not yet in the database."],
  dirtyBytes: ["gauge", "dirty_bytes", "Memory of those."],
  oldestDirtyAgeMs: ["gauge", "oldest_dirty_age_ms", "Age of the oldest of those."],
  unpersistedEntries: [
    "gauge",
    "unpersisted_entries",
    "Entries in memory whose rows the database refused.",
  ],
  batchRows: ["gauge", "flush_batch_rows", "Most rows in one statement at present."],
};

export function createMetrics(node: NodeFigures): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addFigures(registry, node);
  addCurves(registry, node);
  addGauge(registry, "holdfast_topology_epoch", "Epoch of the topology in use.", node.epoch);
  addGauge(
    registry,
    "holdfast_owned_partitions",
    "Partitions that this node owns.",
    node.ownedPartitions,
  );
  addGauge(registry, "holdfast_right_to_serve", "1 while this node's lease certainly holds.", () =>
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
  addGauge(
    registry,
    "holdfast_records_to_replay",
    "Acknowledged writes of earlier runs on their way to the database.",
    node.recordsToReplay,
  );
  addGauge(registry, "holdfast_journal_problem", "1 while the journal cannot be written.", () =>
    node.hasJournalProblem() ? 1 : 0,
  );
  for (const [figure, [name, help]] of Object.entries(REPLICATION)) {
    const key = figure as keyof ReplicationFigures;
    addGauge(registry, `holdfast_${name}`, help, () => node.replication[key]);
  }
  return registry;
}

function addFigures(registry: Registry, node: NodeFigures): void {
  for (const { kind, name, help, figures } of metricsOfFigures()) {
    const labelNames = figures.some(({ reason }) => reason !== undefined)
      ? ["cache", "reason"]
      : ["cache"];
    const shared = { name: `holdfast_${name}`, help, labelNames, registers: [registry] };
    const values = () =>
      [...node.caches()].flatMap((cache) => {
        const all = figuresOf(cache);
        return figures.map(({ figure, reason }) => ({
          labels: { cache: cache.name, ...(reason !== undefined && { reason }) },
          value: all[figure],
        }));
      });
    if (kind === "gauge") {
      new Gauge({
        ...shared,
        collect() {
          for (const { labels, value } of values()) this.set(labels, value);
        },
      });
    } else {
      new Counter({
        ...shared,
        collect() {
          this.reset();
          for (const { labels, value } of values()) this.inc(labels, value);
        },
      });
    }
  }
}

interface FigureMetric {
  readonly kind: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly figures: { readonly figure: Figure; readonly reason: string | undefined }[];
}

/** The table's rows by their names. */
function metricsOfFigures(): Iterable<FigureMetric> {
  const metrics = new Map<string, FigureMetric>();
  // The keys of the table are the figures; Object.entries calls them strings.
  for (const [figure, naming] of Object.entries(FIGURES) as [Figure, Naming | undefined][]) {
    if (naming === undefined) continue;
    const [kind, name, help, reason] = naming;
    const metric = metrics.get(name) ?? { kind, name, help, figures: [] };
    metric.figures.push({ figure, reason });
    metrics.set(name, metric);
  }
  return metrics.values();
}

/** A new figure does not compile without its row. */
const REPLICATION: Readonly<
  Record<keyof ReplicationFigures, readonly [name: string, help: string]>
> = {
  unbacked: ["unbacked_partitions", "Partitions of this node's that no backup has in sync."],
  backlogBytes: ["replication_backlog_bytes", "Records that backups have not taken yet."],
  replicaEntries: ["replica_entries", "Dirty entries that this node keeps for others."],
  replicaBytes: ["replica_bytes", "Memory of those."],
};

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
