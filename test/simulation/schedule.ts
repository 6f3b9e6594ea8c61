/**
 * One schedule: a cluster, clients and faults, all drawn from a seed, and what came of it. The same
 * seed gives the same schedule, event by event.
 */
import type { Incarnation, Random } from "@holdfast/core";
import { seededRandom } from "@holdfast/core/testing";
import { History } from "../support/history.js";
import { type Ending, unrestOf, violationsIn } from "./ending.js";
import { Faults } from "./faults.js";
import { KnownIncarnations, KnownRings } from "./known.js";
import type { Mutation } from "./mutations.js";
import { SimulatedCoordinator } from "./simulated-coordinator.js";
import { SimulatedNode, type World } from "./simulated-node.js";
import { StreamTransport } from "./streams.js";
import { pick, SimulatedDatabase, SimulatedNetwork, SimulatedRegistry } from "./surroundings.js";
import { Tally } from "./tally.js";
import { VirtualTime } from "./virtual-time.js";

export interface ScheduleResult {
  readonly violations: readonly string[];
  /** How often what happened. */
  readonly happenings: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  /** A hash of all that happened: equal when the same seed is run again. */
  readonly trace: number;
}

const NODES = ["n1", "n2", "n3", "n4"];
const KEYS = ["a", "b", "c", "d", "e", "f", "g", "h"];
const PARTITIONS = 2;
const CLIENTS = 4;
/** Until the first backups are in sync. */
const CALM_MS = 900;
/**
 * Most schedules are short, and things go wrong in quick succession: so much happens in a second of
 * computing. The others give an owner time to go on although everybody has given it up.
 */
const SHAPES = {
  short: {
    faultsUntilMs: 2_800,
    gapMs: 600,
    downMs: 1_500,
    healedAtMs: 3_800,
    clientsUntilMs: 4_300,
  },
  long: {
    faultsUntilMs: 6_000,
    gapMs: 900,
    downMs: 3_200,
    healedAtMs: 6_500,
    clientsUntilMs: 8_000,
  },
};
const LONG_SHARE = 0.125;
/** Long enough for a lease that ends late, and then the longest wait of an owner. */
const HEALED_MS = 10_000;
/** How often to look whether it is over. */
const LOOK_MS = 50;
/** One schedule in so many goes on although nothing is left to happen: quiet must stay quiet. */
const PATIENT_EVERY = 50;

const rings = new KnownRings(8);
const incarnations = new KnownIncarnations();

export async function runSchedule(seed: number, mutation?: Mutation): Promise<ScheduleResult> {
  const { stackTraceLimit } = Error;
  // Refusals are errors, there are many of them, and nobody reads where they come from.
  Error.stackTraceLimit = 0;
  try {
    return await new Schedule(seed, mutation).run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

class Schedule {
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #tally = new Tally();
  readonly #registry = new SimulatedRegistry(this.#time);
  readonly #network: SimulatedNetwork;
  readonly #database: SimulatedDatabase;
  readonly #coordinator: SimulatedCoordinator;
  readonly #world: World;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #history = new History();
  readonly #violations = new Set<string>();
  readonly #faults: Faults;
  /**
   * Partitions of which everybody in sync was declared dead, and their owners: those may rightly go on
   * until another one begins, and what they show until then is lost as well.
   */
  readonly #lost = new Map<number, Incarnation>();
  #incarnations = 0;
  #values = 0;
  readonly #backups: number;
  readonly #isPatient: boolean;
  readonly #shape: (typeof SHAPES)["long"];
  /** Operations that have not been answered. */
  readonly #asked = new Map<SimulatedNode, number>();

  constructor(seed: number, mutation: Mutation | undefined) {
    this.#random = seededRandom(seed);
    this.#network = new SimulatedNetwork(this.#random);
    this.#database = new SimulatedDatabase(this.#time, this.#random, this.#tally);
    this.#backups = this.#random.next() < 0.7 ? 1 : 2;
    this.#shape = SHAPES[this.#random.next() < LONG_SHARE ? "long" : "short"];
    this.#isPatient = seed % PATIENT_EVERY === 0;
    this.#coordinator = new SimulatedCoordinator({
      time: this.#time,
      registry: this.#registry,
      network: this.#network,
      rings,
      partitions: PARTITIONS,
      backups: this.#backups,
      tally: this.#tally,
      nodeOf: (incarnation) =>
        [...this.#nodes.values()].find((node) => node.incarnation === incarnation),
      onLoss: (partition, owner) => {
        this.#lose(partition);
        this.#lost.set(partition, owner);
      },
    });
    this.#world = {
      time: this.#time,
      random: this.#random,
      registry: this.#registry,
      database: this.#database,
      network: this.#network,
      tally: this.#tally,
      transport: new StreamTransport(this.#time, this.#network, this.#tally, (nodeId) =>
        this.#nodes.get(nodeId),
      ),
      coordinator: this.#coordinator,
      createIncarnation: () => this.#createIncarnation(),
      partitionOf: (key) => KEYS.indexOf(key) % PARTITIONS,
      isWrittenThrough: (key) => KEYS.indexOf(key) >= KEYS.length / 2,
      mutation,
      onServed: (node, partition) => {
        this.#checkSoleOwner(node, partition);
        const owner = this.#lost.get(partition);
        if (owner === undefined || owner === node.incarnation) return;
        this.#lost.delete(partition);
        this.#lose(partition);
      },
    };
    this.#faults = new Faults(this.#world, this.#shape, this.#nodes, (nodeId, succeeds) =>
      this.#start(nodeId, succeeds),
    );
  }

  async run(): Promise<ScheduleResult> {
    const count = this.#random.next() < 0.5 ? 3 : 4;
    for (const nodeId of NODES.slice(0, count)) this.#start(nodeId, undefined);
    for (let client = 0; client < CLIENTS; client++) {
      this.#time.after(CALM_MS, () => void this.#act());
    }
    this.#time.after(CALM_MS, () => this.#faults.begin());
    await this.#time.runUntil(this.#shape.healedAtMs);
    this.#faults.heal();
    await this.#runUntilQuiet();
    const inTheEnd = violationsIn(this.#ending());
    return {
      violations: [...this.#violations, ...inTheEnd, ...this.#history.violations()],
      happenings: this.#tally.counts,
      faults: this.#faults.happened,
      trace: this.#time.trace,
    };
  }

  async #runUntilQuiet(): Promise<void> {
    await this.#time.runUntil(this.#shape.clientsUntilMs);
    const endMs = this.#shape.healedAtMs + HEALED_MS;
    while (this.#time.monotonic() < endMs) {
      if (!this.#isPatient && unrestOf(this.#ending()) === undefined) return;
      await this.#time.runUntil(Math.min(this.#time.monotonic() + LOOK_MS, endMs));
    }
  }

  #ending(): Ending {
    return {
      nodes: [...this.#nodes.values()],
      registry: this.#registry,
      database: this.#database,
      backups: this.#backups,
      restarts: this.#faults.restarts,
      asked: this.#asked,
      known: () => this.#history.known(),
    };
  }

  #createIncarnation(): Incarnation {
    this.#incarnations += 1;
    return incarnations.at(this.#incarnations);
  }

  #start(nodeId: string, succeeds: Incarnation | undefined): void {
    this.#nodes.set(nodeId, new SimulatedNode(nodeId, succeeds, this.#world));
  }

  /** A client does one thing after the other. */
  async #act(): Promise<void> {
    if (this.#time.monotonic() >= this.#shape.clientsUntilMs) return;
    const key = pick(this.#random, KEYS);
    const node = this.#route(key);
    const startMs = this.#time.monotonic();
    const isWrite = this.#random.next() < 0.5;
    this.#values += 1;
    const value = this.#values;
    if (isWrite) this.#history.begin(value);
    this.#time.after(5 + this.#random.next() * 150, () => void this.#act());
    if (node === undefined) return;
    this.#asked.set(node, (this.#asked.get(node) ?? 0) + 1);
    const outcome = await (isWrite ? node.write(key, value) : node.read(key));
    this.#asked.set(node, (this.#asked.get(node) ?? 0) - 1);
    if (outcome.at !== "done") {
      this.#tally.note(outcome.at);
      return;
    }
    // The answer of a node that was killed or paused meanwhile is not on its way.
    if (!node.isRunning || node.isPaused) return;
    const endMs = this.#time.monotonic();
    const { version, value: seen } = outcome;
    const kind = isWrite ? "write" : "read";
    this.#tally.note(isWrite ? "acknowledged" : "read");
    this.#time.note(version);
    this.#time.note(seen);
    this.#history.add({ key, kind, startMs, endMs, version, value: seen });
  }

  /** Whoever the client takes for the owner; sometimes wrongly. */
  #route(key: string): SimulatedNode | undefined {
    const { topology } = this.#registry;
    const owner = topology?.partitions[this.#world.partitionOf(key)]?.owner;
    const nodes = [...this.#nodes.values()];
    const owning = nodes.find(({ incarnation }) => incarnation === owner);
    return owning !== undefined && this.#random.next() < 0.8 ? owning : pick(this.#random, nodes);
  }

  /** What was known of a partition is known no more. */
  #lose(partition: number): void {
    const keys = KEYS.filter((key) => this.#world.partitionOf(key) === partition);
    this.#history.lost({ keys, atMs: this.#time.monotonic() });
  }

  #checkSoleOwner(node: SimulatedNode, partition: number): void {
    for (const other of this.#nodes.values()) {
      if (other === node || !other.isRunning || other.isPaused) continue;
      if (!other.serves(partition)) continue;
      const when = `${Math.round(this.#time.monotonic())} ms`;
      this.#violations.add(`${when}: ${node.nodeId} and ${other.nodeId} both serve ${partition}`);
    }
  }
}
