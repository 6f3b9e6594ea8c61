/**
 * A coordinator: the parts and how they fit together. The one place in this package where parts are
 * made; what each of them does is in its own file.
 */
import { randomInt, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  type Clock,
  type ClusterConfig,
  type Component,
  ComponentGroup,
  FORMAT_VERSION,
  HASH_ALGORITHM,
  IncompatibleClusterError,
  type Random,
} from "@holdfast/core";
import {
  createTopologyService,
  type Database,
  type DatabaseError,
  GrpcServer,
  joinAddress,
  LeaseKeeper,
  OpsServer,
  openDatabase,
  openRegistry,
  type ProcessLogger,
  type Registry,
} from "@holdfast/process";
import { Admin, Control, MAX_TOPOLOGY_MESSAGE_BYTES, Topology } from "@holdfast/proto";
import { CoordinatorLoop } from "./leading/coordinator-loop.js";
import { noFloors, StoredFloors } from "./leading/floors.js";
import { Leadership, type Reign } from "./leading/leadership.js";
import { type CoordinatorStats, newStats } from "./leading/stats.js";
import { TombstoneCollector } from "./leading/tombstone-collector.js";
import { createMetrics } from "./metrics.js";
import type { CoordinatorOptions } from "./options.js";
import { RingBuilder } from "./planning/ring.js";
import { createAdminService } from "./rpc/admin-service.js";
import { createControlService } from "./rpc/control-service.js";
import { GrpcPeers } from "./rpc/grpc-peers.js";
import { ensureClusterConfig } from "./state/cluster-config.js";
import { RegistryView } from "./state/registry-view.js";
import { createStores, type MetaStore, type Stores } from "./state/stores.js";
import { CoordinatorTopologyViews } from "./state/topology-views.js";

/** A release call may take this much longer than the node's own limit: the way there and back. */
const RELEASE_CALL_MARGIN_MS = 1_000;

/** What a coordinator takes from the process that it runs in. */
export interface CoordinatorEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: ProcessLogger;
}

export class Coordinator implements AsyncDisposable {
  readonly #options: CoordinatorOptions;
  readonly #logger: ProcessLogger;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #registry: Registry;
  readonly #database: Database | undefined;
  readonly #stores: Stores | undefined;
  readonly #view: RegistryView;
  readonly #leadership: Leadership;
  readonly #loop: CoordinatorLoop;
  readonly #server: GrpcServer;
  readonly #ops: OpsServer;
  readonly #components: ComponentGroup;
  readonly #coordinatorId: string;
  #onFatal: ((reason: unknown) => void) | undefined;
  /** Kept for whoever asks later. */
  #cluster: ClusterConfig | undefined;
  #fatal: { readonly reason: unknown } | undefined;

  constructor(options: CoordinatorOptions, { clock, random, logger }: CoordinatorEnvironment) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#coordinatorId = options.coordinatorId ?? `${hostname()}-${process.pid}`;
    const { cluster } = options;
    this.#logger = logger.child({ coordinatorId: this.#coordinatorId, cluster });
    this.#registry = this.#createRegistry();
    this.#database = this.#openDatabase();
    this.#stores = this.#database && createStores(this.#database, options.database);
    this.#view = new RegistryView(this.#registry, this.#logger);
    const views = new CoordinatorTopologyViews(this.#view);
    this.#leadership = this.#createLeadership();
    const stats = newStats();
    const peers = new GrpcPeers(this.#clock);
    this.#loop = this.#createLoop(peers, stats);
    this.#server = this.#createServer(views);
    this.#ops = new OpsServer({
      host: options.listen.host,
      port: options.listen.httpPort,
      logger: this.#logger,
      metrics: createMetrics({
        stats,
        state: () => this.#view.state,
        isLeading: () => this.isLeading,
      }),
      readiness: () =>
        this.#view.state === undefined
          ? { ready: false, reason: "the registry has not been read yet" }
          : { ready: true },
    });
    const connections = toClose("connections", async () => {
      peers.close();
      await this.#registry.close();
      await this.#database?.close();
    });
    this.#components = new ComponentGroup(
      [
        connections,
        loginCheck(this.#database, this.#logger),
        this.#ops,
        this.#view,
        views,
        this.#server,
        this.#leadership,
        this.#loop,
        ...this.#collectors(stats),
        serving(this.#server),
      ],
      this.#logger,
    );
  }

  /** `host:port` under which others reach the gRPC services; known once started. */
  get address(): string {
    const { advertiseHost, host } = this.#options.listen;
    return joinAddress(advertiseHost ?? host, this.#server.port);
  }

  /** `host:port` of health and metrics; known once started. */
  get httpAddress(): string {
    const { advertiseHost, host } = this.#options.listen;
    return joinAddress(advertiseHost ?? host, this.#ops.port);
  }

  get isLeading(): boolean {
    return this.#leadership.reign !== undefined;
  }

  get readyInfo(): object {
    const { address, httpAddress } = this;
    return { coordinatorId: this.#coordinatorId, address, httpAddress };
  }

  get logger(): ProcessLogger {
    return this.#logger;
  }

  /** The callback hears when this process can never lead this cluster, and why. */
  onFatal(callback: (reason: unknown) => void): void {
    this.#onFatal = callback;
    if (this.#fatal !== undefined) callback(this.#fatal.reason);
  }

  /**
   * Resolves when the services listen; it does not wait for the registry or the database.
   *
   * @throws {DatabaseError} when the database refuses the login.
   */
  start(): Promise<void> {
    return this.#components.start();
  }

  /** Gives up the leadership, finishes calls, closes everything. May be called again. */
  stop(): Promise<void> {
    return this.#components.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #createRegistry(): Registry {
    const { etcd, cluster } = this.#options;
    return openRegistry(etcd, {
      cluster,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
    });
  }

  #openDatabase(): Database | undefined {
    const { database } = this.#options;
    if (database === undefined) {
      this.#logger.warn(
        {},
        "no database is configured: if the registry loses its data, the cluster starts from the beginning",
      );
      return undefined;
    }
    const applicationName = `holdfast-coordinator/${this.#coordinatorId}`;
    return openDatabase({ ...database, applicationName }, this.#logger, this.#clock);
  }

  /** What the cluster is. It is remembered here as well: a registry that was emptied gets it back. */
  async #ensureConfig(
    { createRevision }: Reign,
    meta: MetaStore | undefined,
  ): Promise<ClusterConfig> {
    const config = await ensureClusterConfig({
      registry: this.#registry,
      leaderRevision: createRevision,
      meta,
      logger: this.#logger,
      create: () => this.#cluster ?? this.#newCluster(),
    });
    if (this.#cluster !== undefined && this.#cluster.clusterId !== config.clusterId) {
      throw new IncompatibleClusterError(
        `the registry now belongs to cluster ${config.clusterId}, not ${this.#cluster.clusterId}; start this coordinator again to lead that one`,
      );
    }
    this.#cluster = config;
    return config;
  }

  #newCluster(): ClusterConfig {
    return {
      clusterId: randomUUID(),
      formatVersion: FORMAT_VERSION,
      partitions: this.#options.partitions,
      hashAlgorithm: HASH_ALGORITHM,
      hashSeed: randomInt(2 ** 32),
    };
  }

  #createLeadership(): Leadership {
    return new Leadership({
      registry: this.#registry,
      view: this.#view,
      keeper: new LeaseKeeper({
        registry: this.#registry,
        clock: this.#clock,
        logger: this.#logger,
        ttlMs: this.#options.etcd.leaseTtlMs,
      }),
      clock: this.#clock,
      logger: this.#logger,
      record: () => ({ coordinatorId: this.#coordinatorId, address: this.address }),
    });
  }

  #createLoop(peers: GrpcPeers, stats: CoordinatorStats): CoordinatorLoop {
    const { memberTtlMs, releaseTimeoutMs, recoveryWaitMs, moveBatch, backups } = this.#options;
    const stores = this.#stores;
    const parts = {
      registry: this.#registry,
      view: this.#view,
      leadership: this.#leadership,
      peers,
      stats,
      rings: new RingBuilder(this.#options.tokensPerWeight),
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      createToken: () => randomUUID(),
      createFloors: () =>
        stores === undefined ? noFloors : new StoredFloors(stores.floor, this.#logger),
      ensureConfig: (reign: Reign) => this.#ensureConfig(reign, stores?.meta),
      onFatal: (reason: Error) => {
        this.#fatal = { reason };
        this.#onFatal?.(reason);
      },
    };
    const callTimeoutMs = releaseTimeoutMs + RELEASE_CALL_MARGIN_MS;
    return new CoordinatorLoop(parts, {
      memberTtlMs,
      releaseTimeoutMs: callTimeoutMs,
      recoveryWaitMs,
      moveBatch,
      backups,
    });
  }

  /** Without a database there are no tombstones. */
  #collectors(stats: CoordinatorStats): Component[] {
    if (this.#stores === undefined) return [];
    const { tombstones } = this.#stores;
    const isLeading = () => this.isLeading;
    const parts = { store: tombstones, isLeading, stats, clock: this.#clock, logger: this.#logger };
    return [new TombstoneCollector(parts, this.#options.tombstoneRetentionMs)];
  }

  #createServer(views: CoordinatorTopologyViews): GrpcServer {
    const { listen, reflection } = this.#options;
    const admin = createAdminService({
      registry: this.#registry,
      view: this.#view,
      topologyView: () => views.current(),
      isLeading: () => this.isLeading,
      cacheIds: this.#stores?.cacheIds,
      logger: this.#logger,
    });
    const control = createControlService({
      registry: this.#registry,
      requests: this.#loop.requests,
      noteExit: (incarnation) => this.#loop.noteExit(incarnation),
      isLeading: () => this.isLeading,
      leaderAddress: () => this.#view.state?.coordinator?.value.address,
      logger: this.#logger,
    });
    return new GrpcServer({
      name: "coordinator server",
      host: listen.host,
      port: listen.port,
      logger: this.#logger,
      clock: this.#clock,
      services: [
        { definition: Admin.service, handlers: admin },
        { definition: Control.service, handlers: control },
        { definition: Topology.service, handlers: createTopologyService(views) },
      ],
      reflection,
      maxMessageBytes: MAX_TOPOLOGY_MESSAGE_BYTES,
    });
  }
}

/** Needs no start but has to be closed after everything that uses it. */
function toClose(name: string, stop: () => Promise<void>): Component {
  return { name, start: async () => {}, stop };
}

/** SQLSTATEs of a login that will never succeed: wrong password or role, no such database. */
const LOGIN_REFUSED = ["28000", "28P01", "3D000"];

/** A database that is away may come back; one that refuses the login is a mistake to be told now. */
function loginCheck(database: Database | undefined, logger: ProcessLogger): Component {
  return {
    name: "database login",
    async start() {
      try {
        await database?.query({ text: "SELECT 1", values: [] });
      } catch (error) {
        const { sqlstate = "" } = error as Partial<DatabaseError>;
        if (LOGIN_REFUSED.includes(sqlstate)) throw error;
        logger.warn({ err: error }, "the database is away; going on without it for now");
      }
    },
    stop: async () => {},
  };
}

/** The last to start and the first to stop: says to health checks that the rest is there. */
function serving(server: GrpcServer): Component {
  return {
    name: "serving",
    start: async () => server.setServing(true),
    stop: async () => server.setServing(false),
  };
}
