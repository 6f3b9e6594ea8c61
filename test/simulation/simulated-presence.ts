/**
 * How a simulated node is seen by the others, and sees them: it registers under a lease, again and
 * again, and reads the topology, each over a network that may be cut.
 */
import { type Clock, findMember, type Incarnation, type Topology } from "@holdfast/core";
import {
  LEASE_TTL_MS,
  REGISTRY,
  type SimulatedNetwork,
  type SimulatedRegistry,
} from "./surroundings.js";
import type { VirtualTime } from "./virtual-time.js";

const READ_AGAIN_MS = 500;
const READ_CUT_OFF_MS = 100;
const LEASE_MARGIN = 0.15;

/** The node, as its presence needs it. */
interface Present {
  readonly nodeId: string;
  readonly incarnation: Incarnation;
  readonly isRunning: boolean;
  deliver(run: () => void): void;
}

export interface PresenceParts {
  readonly world: {
    readonly time: VirtualTime;
    readonly registry: SimulatedRegistry;
    readonly network: SimulatedNetwork;
  };
  readonly clock: Clock;
  /** The epoch that the node has read. */
  readonly epoch: () => number;
  readonly apply: (topology: Topology) => void;
}

export class SimulatedPresence {
  readonly lease = { safeUntilMs: Number.NEGATIVE_INFINITY };
  readonly topology = { readAtMs: Number.NEGATIVE_INFINITY };
  readonly #node: Present;
  readonly #parts: PresenceParts;
  readonly #succeeds: Incarnation[];
  readonly #onChange = () => this.#readSoon();
  #state: "active" | "draining" = "active";

  constructor(node: Present, succeeds: Incarnation | undefined, parts: PresenceParts) {
    this.#node = node;
    this.#parts = parts;
    this.#succeeds = succeeds === undefined ? [] : [succeeds];
  }

  begin(): void {
    this.#parts.world.registry.watch(this.#onChange);
    this.#readAgain();
    this.#registerSoon(0);
  }

  end(): void {
    this.#parts.world.registry.unwatch(this.#onChange);
  }

  drain(isDraining: boolean): void {
    const { nodeId, incarnation } = this.#node;
    this.#state = isDraining ? "draining" : "active";
    this.#parts.world.registry.setState(nodeId, incarnation, this.#state);
  }

  /** The node has become another incarnation. */
  replace(before: Incarnation): void {
    this.#succeeds.push(before);
    this.lease.safeUntilMs = Number.NEGATIVE_INFINITY;
    this.#parts.world.registry.remove(this.#node.nodeId, before);
  }

  #registerSoon(delayMs: number): void {
    const { clock, world } = this.#parts;
    clock.after(delayMs + world.network.latencyMs(), () => this.#keepRegistered());
  }

  /** Registers, or renews the registration, again and again. */
  #keepRegistered(): void {
    const { world, clock, epoch } = this.#parts;
    const { time, registry, network } = world;
    const { nodeId, incarnation } = this.#node;
    const sentAtMs = clock.monotonic();
    const readEpoch = epoch();
    this.#registerSoon(LEASE_TTL_MS / 4);
    if (!network.connects(nodeId, REGISTRY)) return;
    time.after(network.latencyMs(), () => {
      const holds = registry.renew(nodeId, incarnation, readEpoch) || this.#register(incarnation);
      time.after(network.latencyMs(), () =>
        this.#node.deliver(() => {
          if (!holds || incarnation !== this.#node.incarnation) return;
          this.lease.safeUntilMs = sentAtMs + LEASE_TTL_MS * (1 - LEASE_MARGIN);
        }),
      );
    });
  }

  /** The same incarnation comes back only as long as the topology has not replaced it. */
  #register(incarnation: Incarnation): boolean {
    const { registry } = this.#parts.world;
    const { nodeId, isRunning } = this.#node;
    if (!isRunning || incarnation !== this.#node.incarnation) return false;
    const listed = registry.topology && findMember(registry.topology, incarnation);
    if (listed?.state === "dead") return false;
    const topologyEpoch = this.#parts.epoch();
    const succeeds = [...this.#succeeds];
    const state = this.#state;
    return registry.register({ nodeId, incarnation, succeeds, topologyEpoch, state });
  }

  /** Now and then, whether there is anything new or not. */
  #readAgain(): void {
    this.#parts.clock.after(READ_AGAIN_MS, () => {
      this.#readSoon();
      this.#readAgain();
    });
  }

  #readSoon(): void {
    const { time, network } = this.#parts.world;
    time.after(network.latencyMs(), () => this.#read());
  }

  #read(): void {
    const { world, clock, epoch, apply } = this.#parts;
    const { registry, network, time } = world;
    if (!this.#node.isRunning) return;
    if (!network.connects(this.#node.nodeId, REGISTRY)) {
      time.after(READ_CUT_OFF_MS, () => this.#read());
      return;
    }
    const { topology } = registry;
    const readAtMs = clock.monotonic();
    time.after(network.latencyMs(), () =>
      this.#node.deliver(() => {
        this.topology.readAtMs = Math.max(this.topology.readAtMs, readAtMs);
        if (topology !== undefined && topology.epoch > epoch()) apply(topology);
      }),
    );
  }
}
