/**
 * Random histories: nodes come, go, drain and misbehave, coordinators crash and return, the registry
 * fails and loses answers. The harness checks every topology that is published; at the end, once
 * everything is well again, the partitions must be shared evenly among whoever is left.
 */
import { seededRandom, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { incarnationOf } from "../testing/cluster-model.js";
import type { Manner } from "../testing/fake-peers.js";
import { Harness, type TestCoordinator } from "../testing/harness.js";

const HISTORIES = 25;
const EVENTS = 40;
const NODES = ["a", "b", "c", "d", "e"];
const MANNERS: readonly Manner[] = [
  "releases",
  "releases",
  "busy",
  "unreachable",
  "silent",
  "deaf",
];

class Chaos {
  readonly cluster = new Harness();
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #coordinators: TestCoordinator[] = [];
  /** From node to the name of what runs there. */
  readonly running = new Map<string, string>();
  readonly draining = new Set<string>();
  #started = 0;
  readonly log: string[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  async run(): Promise<void> {
    await this.#startCoordinator();
    await this.#startCoordinator();
    for (let event = 0; event < EVENTS; event++) {
      await this.#one();
      await this.cluster.pass(this.#pick([25, 100, 300, 1_000, 2_500]));
    }
  }

  async heal(): Promise<void> {
    this.cluster.registry.setAvailable(true);
    this.cluster.peers.manners.clear();
    if (this.running.size === this.draining.size) await this.#startNode("a");
    await this.cluster.pass(25_000);
  }

  async #one(): Promise<void> {
    const { cluster } = this;
    const node = this.#pick(NODES);
    const what = this.#pick([
      ...["start", "start", "start", "kill", "kill", "exit", "drain", "manner", "manner"],
      ...["crash", "stop", "outage", "lose"],
    ]);
    this.log.push(`${what} ${node}`);
    if (what === "start") await this.#startNode(node);
    if (what === "kill" || what === "exit") await this.#killNode(node, what === "exit");
    if (what === "drain") await this.#drain(node);
    if (what === "manner") cluster.peers.manners.set(`${node}:2`, this.#pick(MANNERS));
    if (what === "lose") cluster.registry.loseNextAnswer();
    if (what === "crash") this.#coordinators.shift()?.crash();
    if (what === "stop") await this.#coordinators.shift()?.stop();
    if (what === "outage") {
      cluster.registry.setAvailable(false);
      await cluster.pass(this.#pick([100, 1_000, 4_000]));
      cluster.registry.setAvailable(true);
    }
    while (this.#coordinators.length < 2) await this.#startCoordinator();
  }

  async #startNode(node: string): Promise<void> {
    await this.#killNode(node, false);
    const name = `${node}#${++this.#started}`;
    this.running.set(node, name);
    await this.cluster.register(name);
  }

  async #killNode(node: string, isWitnessed: boolean): Promise<void> {
    const name = this.running.get(node);
    if (name === undefined) return;
    this.running.delete(node);
    this.draining.delete(node);
    await this.cluster.kill(name);
    if (!isWitnessed) return;
    for (const { loop } of this.#coordinators) loop.noteExit(incarnationOf(name));
  }

  async #drain(node: string): Promise<void> {
    const name = this.running.get(node);
    if (name === undefined) return;
    this.draining.add(node);
    await this.cluster.register(name, { state: "draining" });
  }

  async #startCoordinator(): Promise<void> {
    const name = `c${++this.#started}`;
    this.#coordinators.push(await this.cluster.startCoordinator(name, { moveBatch: 3 }));
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random.next() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

describe("coordinators under random faults", () => {
  const first = testSeed();

  it(`never break the rules of ownership, and recover (seeds from ${first})`, async () => {
    for (let seed = first; seed < first + HISTORIES; seed++) {
      const chaos = new Chaos(seed);
      const { cluster, running, draining } = chaos;
      await chaos.run();
      await chaos.heal();
      const counts = cluster.counts();
      const active = [...running].filter(([node]) => !draining.has(node)).map(([, name]) => name);
      const why = `seed ${seed}: ${chaos.log.join(", ")}; ${JSON.stringify(counts)}`;
      expect(Object.keys(counts).sort(), why).toEqual([...active].sort());
      for (const count of Object.values(counts)) {
        expect(Math.abs(count - 16 / active.length), why).toBeLessThan(1);
      }
      expect(cluster.violations, why).toEqual([]);
      await cluster[Symbol.asyncDispose]();
    }
  }, 120_000);
});
