/** What a coordinator shows to Prometheus, read at the moment of the scrape. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { CoordinatorStats } from "./leading/stats.js";
import type { ClusterState } from "./state/registry-view.js";

export interface MetricsParts {
  readonly stats: CoordinatorStats;
  readonly state: () => ClusterState | undefined;
  readonly isLeading: () => boolean;
}

export function createMetrics(parts: MetricsParts): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  for (const [name, { help, read }] of Object.entries(GAUGES)) {
    new Gauge({
      name: `holdfast_coordinator_${name}`,
      help,
      registers,
      collect() {
        this.set(read(parts));
      },
    });
  }
  for (const [name, { help, read }] of Object.entries(COUNTERS)) {
    new Counter({
      name: `holdfast_coordinator_${name}_total`,
      help,
      registers,
      collect() {
        // The figures are sums already, and a Counter can only be added to.
        this.reset();
        this.inc(read(parts));
      },
    });
  }
  return registry;
}

interface Metric {
  readonly help: string;
  readonly read: (parts: MetricsParts) => number;
}

const GAUGES: Readonly<Record<string, Metric>> = {
  leading: {
    help: "1 while this coordinator leads, else 0",
    read: ({ isLeading }) => (isLeading() ? 1 : 0),
  },
  epoch: {
    help: "Epoch of the latest topology that this coordinator knows",
    read: ({ state }) => topology(state)?.epoch ?? 0,
  },
  members: {
    help: "Nodes that are registered now",
    read: ({ state }) => state()?.members.size ?? 0,
  },
  partitions_without_owner: {
    help: "Partitions that nobody serves",
    read: ({ state }) => countPartitions(state, ({ owner }) => owner === undefined),
  },
  partitions_without_backup: {
    help: "Partitions of which no backup is in sync",
    read: ({ state }) => countPartitions(state, ({ inSync }) => inSync.length === 0),
  },
  recovering_partitions: {
    help: "Partitions that wait for the journals of those who had them before",
    read: ({ state }) => countPartitions(state, ({ recoverFrom }) => recoverFrom.length > 0),
  },
  held_back_partitions: {
    help: "Partitions that former owners may still believe they serve",
    read: ({ state }) => countPartitions(state, ({ heldBack }) => heldBack),
  },
  moves_in_progress: {
    help: "Partitions that are on their way to another node",
    read: ({ state }) => countPartitions(state, ({ moveTo }) => moveTo !== undefined),
  },
  unfenced_partitions: {
    help: "Partitions of which a former owner may still write to the database",
    read: ({ state }) => countPartitions(state, ({ unfenced }) => unfenced.length > 0),
  },
};

const COUNTERS: Readonly<Record<string, Metric>> = {
  publishes: {
    help: "Topologies that this coordinator published",
    read: ({ stats }) => stats.publishes,
  },
  refused_publishes: {
    help: "Publishes whose conditions did not hold",
    read: ({ stats }) => stats.refusedPublishes,
  },
  planned_moves: {
    help: "Partitions that changed owner after a release",
    read: ({ stats }) => stats.plannedMoves,
  },
  failovers: {
    help: "Partitions that got another owner because theirs had died",
    read: ({ stats }) => stats.failovers,
  },
  busy_releases: {
    help: "Answers of owners that could not let go of a partition in time",
    read: ({ stats }) => stats.busyReleases,
  },
  unrecovered_partitions: {
    help: "Partitions that were served although journals of those before were not replayed",
    read: ({ stats }) => stats.unrecovered,
  },
  tombstones_removed: {
    help: "Tombstones older than tombstoneRetention that were removed from the database",
    read: ({ stats }) => stats.tombstonesRemoved,
  },
  tombstone_passes_failed: {
    help: "Passes over the tombstones that failed half-way; the next one begins anew",
    read: ({ stats }) => stats.tombstonePassesFailed,
  },
};

type Topology = NonNullable<ClusterState["topology"]>["value"];

function topology(state: MetricsParts["state"]): Topology | undefined {
  return state()?.topology?.value;
}

function countPartitions(
  state: MetricsParts["state"],
  counts: (partition: Topology["partitions"][number]) => boolean,
): number {
  return topology(state)?.partitions.filter(counts).length ?? 0;
}
