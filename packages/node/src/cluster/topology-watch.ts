/**
 * Follows what the coordinator publishes: the topology, and who leads. It turns registry snapshots
 * into values, hands each new topology to the listener, and keeps the instant of the last
 * linearizable read, on which the right to serve rests. It never goes back to a lower epoch.
 */
import type { Clock, ClusterConfig, Logger, Topology } from "@holdfast/core";
import {
  COORDINATOR_KEY,
  decodeCoordinator,
  type Registry,
  type RegistrySnapshot,
  type RegistryWatch,
  TOPOLOGY_KEY,
} from "@holdfast/process";
import { decodeTopology, type TopologyView, topologyToMessage } from "@holdfast/proto";

export class TopologyWatch {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #config: ClusterConfig;
  readonly #watches: RegistryWatch[] = [];
  readonly #listeners = new Set<(topology: Topology) => void>();
  readonly #viewListeners = new Set<() => void>();
  #topology: Topology | undefined;
  /** The value that the topology was read from. */
  #stored: Buffer | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #coordinatorAddress = "";
  #view: TopologyView | undefined;

  constructor(registry: Registry, clock: Clock, logger: Logger, config: ClusterConfig) {
    this.#registry = registry;
    this.#clock = clock;
    this.#logger = logger;
    this.#config = config;
  }

  get topology(): Topology | undefined {
    return this.#topology;
  }

  /** Monotonic instant at which the last linearizable read was sent. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** `host:port` of the leading coordinator; empty when none is known. */
  get coordinatorAddress(): string {
    return this.#coordinatorAddress;
  }

  /** Calls back with each new topology, in order of epochs. */
  onTopology(listener: (topology: Topology) => void): void {
    this.#listeners.add(listener);
  }

  start(): void {
    this.#watches.push(
      this.#registry.watch(TOPOLOGY_KEY, (snapshot) => this.#onTopology(snapshot)),
      this.#registry.watch(COORDINATOR_KEY, (snapshot) => this.#onCoordinator(snapshot)),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#watches.splice(0).map((watch) => watch.close()));
  }

  /** Resolves once an epoch at least this high has been read; false when time ran out first. */
  waitFor(epoch: number, deadlineMs: number): Promise<boolean> {
    if ((this.#topology?.epoch ?? 0) >= epoch) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (reached: boolean) => {
        cancel();
        this.#listeners.delete(listener);
        resolve(reached);
      };
      const listener = (topology: Topology) => {
        if (topology.epoch >= epoch) done(true);
      };
      const cancel = this.#clock.after(Math.max(0, deadlineMs - this.#clock.monotonic()), () =>
        done(false),
      );
      this.#listeners.add(listener);
    });
  }

  /** For the Topology service: what clients and tools are told. */
  current(): TopologyView | undefined {
    return this.#view;
  }

  onChange(callback: () => void): () => void {
    this.#viewListeners.add(callback);
    return () => this.#viewListeners.delete(callback);
  }

  #onTopology(snapshot: RegistrySnapshot): void {
    this.#readAtMs = Math.max(this.#readAtMs, snapshot.readAtMs);
    const entry = snapshot.entries.get(TOPOLOGY_KEY);
    // Revisions are no proof: a registry that was emptied hands out the same ones again.
    if (entry === undefined || this.#stored?.equals(entry.value) === true) return;
    let topology: Topology;
    try {
      topology = decodeTopology(entry.value);
    } catch (error) {
      this.#logger.error({ err: error }, "the topology in the registry cannot be read");
      return;
    }
    if (topology.epoch <= (this.#topology?.epoch ?? 0)) {
      this.#logger.warn(
        { epoch: topology.epoch, known: this.#topology?.epoch },
        "the registry shows an older topology than one read before; ignored",
      );
      return;
    }
    this.#stored = entry.value;
    this.#topology = topology;
    for (const listener of [...this.#listeners]) listener(topology);
    this.#publishView();
  }

  #onCoordinator(snapshot: RegistrySnapshot): void {
    const entry = snapshot.entries.get(COORDINATOR_KEY);
    let address = "";
    if (entry !== undefined) {
      try {
        address = decodeCoordinator(entry.value).address;
      } catch (error) {
        this.#logger.error({ err: error }, "the coordinator's record cannot be read");
      }
    }
    if (address === this.#coordinatorAddress) return;
    this.#coordinatorAddress = address;
    this.#publishView();
  }

  #publishView(): void {
    if (this.#topology === undefined) return;
    this.#view = {
      config: this.#config,
      topology: topologyToMessage(this.#topology),
      coordinatorAddress: this.#coordinatorAddress,
    };
    for (const listener of [...this.#viewListeners]) listener();
  }
}
