/** What goes wrong in a schedule: drawn one after the other, each for a while. */
import type { Incarnation } from "@holdfast/core";
import type { SimulatedNode, World } from "./simulated-node.js";
import { pick, REGISTRY } from "./surroundings.js";

export interface Pace {
  /** After that nothing new goes wrong. */
  readonly faultsUntilMs: number;
  /** Longest time between two faults, about. */
  readonly gapMs: number;
  /** Longest time between the end of a process and the next one, about. */
  readonly downMs: number;
}

export class Faults {
  readonly #world: World;
  readonly #pace: Pace;
  /** By node id. */
  readonly #nodes: ReadonlyMap<string, SimulatedNode>;
  readonly #start: (nodeId: string, succeeds: Incarnation | undefined) => void;
  readonly happened: string[] = [];
  /** Nodes that were killed and have yet to start again. */
  restarts = 0;
  #isRegistryDown = false;

  constructor(
    world: World,
    pace: Pace,
    nodes: ReadonlyMap<string, SimulatedNode>,
    start: (nodeId: string, succeeds: Incarnation | undefined) => void,
  ) {
    this.#world = world;
    this.#pace = pace;
    this.#nodes = nodes;
    this.#start = start;
  }

  /** From now on, one after the other. */
  begin(): void {
    const { faultsUntilMs, gapMs } = this.#pace;
    this.#world.time.after(50 + this.#world.random.next() * gapMs, () => {
      if (this.#world.time.monotonic() >= faultsUntilMs) return;
      this.#fault();
      this.begin();
    });
  }

  /** Ends whatever goes on, all at once. */
  heal(): void {
    this.#healNetwork();
    this.#leadAgain();
    for (const node of this.#nodes.values()) {
      node.drain(false);
      node.resume();
    }
  }

  #fault(): void {
    const node = pick(this.#world.random, [...this.#nodes.values()]);
    const { nodeId } = node;
    const faults: Record<string, () => void> = {
      kill: () => this.#kill(node),
      pause: () => {
        if (this.#isNeeded(node)) return;
        node.pause();
        this.#world.time.after(this.#world.random.next() * 4_000, () => node.resume());
      },
      "cut from registry": () => {
        if (!this.#isNeeded(node)) this.#cut(nodeId, REGISTRY);
      },
      "cut from coordinator": () => this.#cut(nodeId, "coordinator"),
      "cut from node": () => {
        const other = pick(this.#world.random, [...this.#nodes.keys()]);
        if (other !== nodeId) this.#cut(nodeId, other);
      },
      "cut off": () => this.#cutOff(node),
      "break streams": () => this.#world.transport.breakStreams(nodeId),
      drain: () => this.#drain(node),
      "coordinator down": () => {
        this.#world.coordinator.isUp = false;
        this.#world.time.after(this.#world.random.next() * 3_000, () => this.#leadAgain());
      },
      "registry down": () => {
        this.#world.registry.isDown = true;
        this.#isRegistryDown = true;
        for (const each of this.#nodes.keys()) this.#world.network.cut(each, REGISTRY);
        this.#world.network.cut("coordinator", REGISTRY);
        this.#world.time.after(this.#world.random.next() * 3_000, () => this.#healNetwork());
      },
    };
    const name = pick(this.#world.random, Object.keys(faults));
    this.happened.push(`${Math.round(this.#world.time.monotonic())} ms: ${name} ${nodeId}`);
    faults[name]?.();
  }

  /** Whether nobody else is certain to keep what the node has acknowledged. */
  #isNeeded(node: SimulatedNode): boolean {
    const partitions = this.#world.registry.topology?.partitions ?? [];
    return partitions.some(({ owner, inSync }) => {
      const holders = [owner, ...inSync];
      if (!holders.includes(node.incarnation)) return false;
      return ![...this.#nodes.values()].some(
        (other) =>
          other !== node &&
          holders.includes(other.incarnation) &&
          other.isRunning &&
          !other.isPaused &&
          (this.#isRegistryDown || this.#world.network.connects(other.nodeId, REGISTRY)),
      );
    });
  }

  #kill(node: SimulatedNode): void {
    if (this.#isNeeded(node) || !node.isRunning) return;
    node.kill();
    this.#world.tally.note("kill");
    const { nodeId, incarnation } = node;
    this.#world.transport.breakStreams(nodeId);
    if (this.#world.random.next() < 0.5) {
      this.#world.time.after(20, () => {
        this.#world.coordinator.noteExit(incarnation);
        this.#world.registry.remove(nodeId, incarnation);
      });
    }
    // A process that starts again may not know what it was before.
    const succeeds = this.#world.random.next() < 0.5 ? incarnation : undefined;
    this.#world.time.after(200 + this.#world.random.next() * this.#pace.downMs, () => {
      this.restarts -= 1;
      this.#start(nodeId, succeeds);
    });
    this.restarts += 1;
  }

  /** Some do not live to see the end of it: moves are under way then. */
  #drain(node: SimulatedNode): void {
    const { random, time, tally } = this.#world;
    tally.note("drain");
    node.drain(true);
    time.after(500 + random.next() * 2_000, () => node.drain(false));
    const draw = random.next();
    if (draw >= 0.4) return;
    time.after(random.next() * 500, () => (draw < 0.2 ? this.#kill(node) : this.#cutOff(node)));
  }

  /** Clients still reach it, and it the database. */
  #cutOff(node: SimulatedNode): void {
    if (this.#isNeeded(node)) return;
    this.#cut(node.nodeId, REGISTRY, "coordinator", ...this.#nodes.keys());
  }

  #cut(nodeId: string, ...others: readonly string[]): void {
    for (const other of others) if (other !== nodeId) this.#world.network.cut(nodeId, other);
    this.#world.time.after(this.#world.random.next() * 4_000, () => this.#healNetwork());
  }

  #healNetwork(): void {
    this.#world.network.heal();
    this.#world.registry.isDown = false;
    this.#isRegistryDown = false;
    this.#world.registry.changed();
  }

  #leadAgain(): void {
    this.#world.coordinator.isUp = true;
    this.#world.coordinator.wake();
  }
}
