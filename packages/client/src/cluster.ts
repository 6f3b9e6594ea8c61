/**
 * A connected client: hands out caches, shows the topology, and ends everything when closed.
 */
import { CacheError, encodeKey } from "@holdfast/core";
import type { Cache } from "./cache/cache.js";
import type { CallOptions } from "./cache/cache-types.js";
import type { ClientParts } from "./cache/client-parts.js";
import { type Codec, checkCodec, json } from "./cache/codecs.js";
import { type Compression, checkCompression } from "./cache/compression.js";
import { type Duration, durationMs, timeoutMsOf } from "./cache/duration.js";
import { RoutedCache } from "./cache/routed-cache.js";
import { type ClusterStats, clusterStats } from "./cache/stats.js";
import type { ClientStats } from "./client-stats.js";
import type { ClusterView } from "./routing/cluster-view.js";

export interface CacheOptions<V> {
  /** How values become bytes. Default: `json()`. */
  readonly codec?: Codec<V> | undefined;

  /**
   * Compression of large values that are written through this handle. Any handle reads them. Default:
   * what `connect` was told.
   */
  readonly compression?: Compression | undefined;
}

export interface CloseOptions {
  /**
   * How long operations in flight may take to finish; those that do not then fail: writes that
   * were sent with `OUTCOME_UNKNOWN`, everything else with `CLOSED`. 0: at once. Default: `"1s"`.
   */
  readonly drainTimeout?: Duration | undefined;
}

export interface MemberSnapshot {
  readonly nodeId: string;
  /** One run of the node's process. */
  readonly incarnation: string;
  /** `host:port` for clients. */
  readonly address: string;
  readonly zone: string;
  readonly weight: number;
  readonly state: "active" | "draining" | "dead";
  readonly ownedPartitions: number;
}

export interface TopologySnapshot {
  readonly clusterId: string;
  /** Grows with each change. */
  readonly epoch: number;
  readonly partitions: number;
  /** Partitions of which no other node is certain to have every acknowledged write. */
  readonly partitionsWithoutBackup: number;
  /** `host:port` of the leading coordinator. Empty: not known. */
  readonly coordinatorAddress: string;
  readonly members: readonly MemberSnapshot[];
}

/** Where a key lives, as far as this client knows. */
export interface KeyLocation {
  readonly partition: number;
  readonly term: number;
  /** Absent while the partition has no living owner. */
  readonly owner:
    | { readonly nodeId: string; readonly incarnation: string; readonly address: string }
    | undefined;
}

export interface Cluster extends AsyncDisposable {
  /**
   * A handle on the cache of that name. Nothing is sent: a name that the cluster does not have
   * shows when the handle is used, as `UNKNOWN_CACHE`.
   *
   * @typeParam V - The type of the values: a claim of the caller, which no codec checks.
   * @throws {CacheError} `INVALID_ARGUMENT` when an option is out of range, or asks for an algorithm
   *   that this version of Node.js does not have.
   */
  cache<V = unknown>(name: string, options?: CacheOptions<V>): Cache<V>;

  /** Who is in the cluster, as of the latest topology that has arrived. */
  topology(): TopologySnapshot;

  /**
   * Where a key lives. The same key has the same place in every cache.
   *
   * @throws {CacheError} `INVALID_ARGUMENT` when it is not a valid key.
   */
  locate(key: string): KeyLocation;

  /**
   * Counters of every node and cache.
   *
   * @throws {CacheError} `UNAVAILABLE` when no node answered; `CLOSED`.
   */
  stats(options?: Omit<CallOptions, "signal">): Promise<ClusterStats>;

  /** What this client itself has done since it connected. Nothing is asked of anybody. */
  clientStats(): ClientStats;

  /**
   * Takes no more operations, lets those in flight finish for a moment, then ends every
   * connection and timer. May be called again. `await using` calls it.
   *
   * Until then a connected client keeps its process alive, also when it is idle.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** What the caches share, and what only the cluster itself may do with it. */
export interface ClusterParts extends ClientParts {
  view(): ClusterView;
  clientStats(): ClientStats;
  /** Stops new work, and everything that waits. */
  abort(reason: CacheError): void;
  /** Ends connections and timers. */
  disconnect(reason: CacheError): void;
}

export class ConnectedCluster implements Cluster {
  readonly #parts: ClusterParts;
  #closing: Promise<void> | undefined;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
  }

  cache<V = unknown>(name: string, options: CacheOptions<V> = {}): Cache<V> {
    const { codec = json<V>(), compression: given } = options;
    if (typeof name !== "string" || name === "") {
      throw new CacheError("INVALID_ARGUMENT", "a cache's name is a string that is not empty");
    }
    checkCodec(codec);
    const compression = given === undefined ? this.#parts.compression : checkCompression(given);
    return new RoutedCache(name, { codec, compression }, this.#parts);
  }

  topology(): TopologySnapshot {
    const { config, topology, coordinatorAddress } = this.#parts.view();
    const owned = new Map<string, number>();
    for (const { owner } of topology.partitions) {
      if (owner !== undefined) owned.set(owner, (owned.get(owner) ?? 0) + 1);
    }
    return {
      clusterId: config.clusterId,
      epoch: topology.epoch,
      partitions: config.partitions,
      partitionsWithoutBackup: topology.partitions.filter(({ inSync }) => inSync.length === 0)
        .length,
      coordinatorAddress,
      members: topology.members.map(({ addresses, ...member }) => ({
        nodeId: member.nodeId,
        incarnation: member.incarnation,
        address: addresses.data,
        zone: member.zone,
        weight: member.weight,
        state: member.state,
        ownedPartitions: owned.get(member.incarnation) ?? 0,
      })),
    };
  }

  locate(key: string): KeyLocation {
    const router = this.#parts.router();
    const partition = router.partitionOf(encodeKey(key));
    return { partition, term: router.termOf(partition), owner: router.ownerOf(partition) };
  }

  async stats({ timeout }: Omit<CallOptions, "signal"> = {}): Promise<ClusterStats> {
    const { wire, router, timeoutMs, closing } = this.#parts;
    closing.throwIfAborted();
    return clusterStats("", timeoutMsOf(timeout, timeoutMs), wire, router());
  }

  clientStats(): ClientStats {
    return this.#parts.clientStats();
  }

  async close({ drainTimeout = "1s" }: CloseOptions = {}): Promise<void> {
    const drainMs = durationMs(drainTimeout, "drainTimeout");
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainMs: number): Promise<void> {
    const { operations, clock, abort, disconnect } = this.#parts;
    const reason = new CacheError("CLOSED", "the client is closed");
    abort(reason);
    await operations.close(drainMs, clock);
    disconnect(reason);
  }
}
