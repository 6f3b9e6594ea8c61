/**
 * A whole cluster on one machine: nodes, coordinators, an embedded registry and an embedded
 * PostgreSQL, each a real process, talking over the same protocols as in production. Used by
 * `holdfast up`, by the demonstration and by tests that need several processes.
 *
 * What stands on something else is started after it and stopped before it: database and registry,
 * coordinators, nodes. Nodes flush what is dirty before they end, and the database is last to go.
 * If this process is killed, its children notice and do the same.
 *
 * How a process is started is local-process.ts's matter, how a node comes back is local-node.ts's.
 */
import {
  CacheError,
  type Clock,
  type Logger,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from "@holdfast/core";
import { awaitView, isSettled, type View } from "../rpc/topology.js";
import { nodeChild, type Surroundings } from "./children.js";
import { DataDir } from "./data-dir.js";
import { LocalNode, type NodeExit, type RunningNode } from "./local-node.js";
import { allSettledOrThrow, type RunningCoordinator, Support } from "./support.js";

export interface LocalClusterOptions {
  /** How many nodes to start. Default 3. */
  readonly nodes?: number;
  /** How many coordinators to start. Default 1. */
  readonly coordinators?: number;
  /** Folder for the database and the logs; kept. Default: a temporary one, removed at `stop()`. */
  readonly dataDir?: string;
  /** Existing registry (`http://host:port`) to use instead of an embedded one. */
  readonly etcdEndpoints?: readonly string[];
  /** Existing database to use instead of an embedded one. */
  readonly postgresUrl?: string;
  /** Folder of PostgreSQL's programs. Default: those of the npm package. */
  readonly postgresBinDir?: string;
  /** Each node's budget for entries. Default `256MiB`. */
  readonly memory?: string;
  /** How long a node's proof of life lasts. Default `3s`. */
  readonly leaseTtl?: string;
  /** Partitions of a new cluster, a power of two. Default 256. */
  readonly partitions?: number;
  /** Other nodes that have a copy of each dirty entry. Default: 1. */
  readonly backups?: number;
  /** Port for clients of the first node. Default: any free one, as for all other nodes. */
  readonly port?: number;
  /** Name of the cluster in the registry. Default `local`. */
  readonly cluster?: string;
  /** Level of the processes' log files. Default `info`. */
  readonly logLevel?: string;
  /**
   * More variables for a child, by its name (`node-1`, `coordinator-1`); they win over those that it
   * gets anyway. Children inherit nothing, so this is also where `NODE_OPTIONS` goes. Default: none.
   */
  readonly environment?: (name: string) => Readonly<Record<string, string>>;
  /** Gets what a person should know: a process that ended by itself, one that was started again. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** How long a change of members may take to show in who owns what. */
const SETTLE_TIMEOUT_MS = 30_000;

export class LocalCluster implements AsyncDisposable {
  readonly #options: LocalClusterOptions;
  readonly #surroundings: Surroundings;
  readonly #support: Support;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #nodes = new Map<string, LocalNode>();
  #stopping: Promise<void> | undefined;
  #lastNodeNumber = 0;

  private constructor(options: LocalClusterOptions, dataDir: DataDir) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#surroundings = {
      cluster: options.cluster ?? "local",
      dataDir,
      logLevel: options.logLevel ?? "info",
      environment: options.environment ?? (() => ({})),
      clock: this.#clock,
    };
    this.#support = new Support(
      this.#surroundings,
      {
        coordinators: options.coordinators ?? 1,
        partitions: options.partitions ?? 256,
        backups: options.backups ?? 1,
        leaseTtl: leaseTtlOf(options),
        etcdEndpoints: options.etcdEndpoints,
        postgresUrl: options.postgresUrl,
        postgresBinDir: options.postgresBinDir ?? "",
      },
      this.#logger,
    );
  }

  /**
   * Resolves when every node serves its share.
   *
   * @throws {Error} with one line that says which process did not start and why. Nothing is left
   *   running then.
   */
  static async start(options: LocalClusterOptions = {}): Promise<LocalCluster> {
    const cluster = new LocalCluster(options, await DataDir.open(options.dataDir));
    try {
      await cluster.#startAll();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** The nodes that run now. */
  get nodes(): readonly RunningNode[] {
    return [...this.#nodes.values()].flatMap((node) => node.running ?? []);
  }

  /** `host:port` of every running node, for clients. */
  get seeds(): readonly string[] {
    return this.nodes.map(({ addresses }) => addresses.data);
  }

  get databaseUrl(): string {
    return this.#support.backends.databaseUrl;
  }

  get etcdEndpoints(): readonly string[] {
    return this.#support.backends.etcdEndpoints;
  }

  /** `host:port` of the first coordinator's services. */
  get coordinatorAddress(): string {
    return this.coordinatorAddresses[0] ?? "";
  }

  get coordinatorAddresses(): readonly string[] {
    return this.#support.coordinatorAddresses;
  }

  /** The latest run of each coordinator; one that ended by itself is started again after a moment. */
  get coordinators(): readonly RunningCoordinator[] {
    return this.#support.coordinators;
  }

  get dataDir(): string {
    return this.#surroundings.dataDir.path;
  }

  /** Starts one more node. It has no partitions yet: see `settled()`. */
  async addNode(): Promise<RunningNode> {
    return this.#makeNode().start();
  }

  /** Ends a node with SIGKILL and reports its death to the coordinator. It stays down. */
  async killNode(nodeId: string): Promise<void> {
    await this.#node(nodeId).kill();
  }

  /** Drains a node: it hands off its partitions, flushes, and ends. It stays down. */
  async stopNode(nodeId: string): Promise<NodeExit | undefined> {
    return this.#node(nodeId).drain();
  }

  /** Starts a node that is down, or drains one that runs and starts it again, on the same port. */
  async restartNode(nodeId: string): Promise<RunningNode> {
    const node = this.#node(nodeId);
    await node.drain();
    return node.start();
  }

  /** Resolves when the nodes that run now share all partitions evenly, with backups, and nothing moves. */
  async settled(options: { readonly signal?: AbortSignal } = {}): Promise<View> {
    const isWanted = ({ topology }: View): boolean =>
      topology !== undefined &&
      isSettled(
        topology,
        this.nodes.map(({ incarnation }) => incarnation),
      );
    try {
      return await awaitView(this.coordinatorAddress, isWanted, {
        timeoutMs: SETTLE_TIMEOUT_MS,
        clock: this.#clock,
        ...options,
      });
    } catch (error) {
      options.signal?.throwIfAborted();
      const reason = CacheError.from(error).message;
      throw new Error(`the nodes do not share the partitions evenly: ${reason}`, { cause: error });
    }
  }

  /**
   * Drains every node. The database stays up, so that one can look at what they left in it.
   *
   * @returns what went wrong, one line for each node that did not end well.
   */
  async stopNodes(): Promise<readonly string[]> {
    const problems = await Promise.all(
      [...this.#nodes.values()].map(async (node) => {
        const exit = await node.drain();
        if (exit === undefined || exit.code === 0) return [];
        const how = exit.signal ?? `exit code ${exit.code}`;
        return [`${node.nodeId} did not drain (${how}): ${exit.lastWords ?? ""}`];
      }),
    );
    const found = problems.flat();
    // What could not be written is told in the logs, and where it belongs is in the database.
    if (found.length > 0) this.#surroundings.dataDir.keep();
    return found;
  }

  /** Stops everything, in order. May be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startAll(): Promise<void> {
    await this.#support.start();
    const nodes = Array.from({ length: this.#options.nodes ?? 3 }, () => this.#makeNode());
    await allSettledOrThrow(nodes.map((node) => node.start()));
    await this.settled();
  }

  #makeNode(): LocalNode {
    const { memory = "256MiB", port = 0 } = this.#options;
    const leaseTtl = leaseTtlOf(this.#options);
    const number = ++this.#lastNodeNumber;
    const nodeId = `node-${number}`;
    const node = new LocalNode({
      nodeId,
      child: (dataPort) =>
        nodeChild(this.#surroundings, this.#support.backends, {
          nodeId,
          dataPort,
          memory,
          leaseTtl,
        }),
      dataPort: number === 1 ? port : 0,
      clock: this.#clock,
      random: this.#options.random ?? systemRandom,
      logger: this.#logger,
      onStarted: () => this.#support.outlive(this.nodes.map(({ pid }) => pid)),
      reportDeath: (run) => this.#support.reportDeath(run),
    });
    this.#nodes.set(nodeId, node);
    return node;
  }

  #node(nodeId: string): LocalNode {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new Error(`there is no node ${nodeId}`);
    return node;
  }

  async #stopAll(): Promise<void> {
    for (const problem of await this.stopNodes()) this.#logger.error({}, problem);
    await this.#support.stop();
    await this.#surroundings.dataDir.removeIfTemporary();
  }
}

function leaseTtlOf({ leaseTtl = "3s" }: LocalClusterOptions): string {
  return leaseTtl;
}
