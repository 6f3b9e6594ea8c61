/** Rules that every step of reconcile keeps, whatever happens to nodes, moves and requests. */
import { testSeed } from "@holdfast/core/testing";
import { encodeTopology } from "@holdfast/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClusterModel, facts, incarnationOf, record } from "../testing/cluster-model.js";
import type { Facts } from "./facts.js";

const seed = testSeed();
const set = (...names: string[]) => new Set(names.map(incarnationOf));

interface Event {
  readonly node: number;
  readonly what: "start" | "kill" | "drain" | "hide" | "fence" | "ask" | "release" | "idle";
}

/** What really is the case: who runs, who is hidden from the registry for a while. */
class World {
  readonly running = new Map<number, string>();
  readonly draining = new Set<string>();
  readonly hidden = new Set<string>();
  readonly killed = new Set<string>();
  #started = 0;

  facts(model: ClusterModel, event: Event): Facts {
    const name = this.running.get(event.node);
    if (event.what === "start") this.#start(event.node);
    if (event.what === "kill") this.#kill(event.node);
    if (event.what === "drain" && name !== undefined) this.draining.add(name);
    if (event.what === "hide" && name !== undefined) this.hidden.add(name);
    else this.hidden.clear();
    const registered = [...this.running.values()]
      .filter((each) => !this.hidden.has(each))
      .map((each) => record(each, { state: this.draining.has(each) ? "draining" : "active" }));
    const listed = model.members().map((member) => member.split(" ")[0] ?? "");
    const some = (_: unknown, index: number) => index % 3 === event.node % 3;
    return facts(registered, {
      dead: set(...listed.filter((each) => this.killed.has(each))),
      absent: set(...listed.filter((each) => this.hidden.has(each))),
      fenced: event.what === "fence" ? set(...[...this.killed].filter(some)) : set(),
      released: event.what === "release" ? new Map([...model.moving()].filter(some)) : new Map(),
      termRequests:
        event.what === "ask" && name !== undefined
          ? [{ partition: event.node, incarnation: incarnationOf(name), term: 1, minTerm: 0 }]
          : [],
    });
  }

  #start(node: number): void {
    this.#kill(node);
    this.running.set(node, `n${node}#${++this.#started}`);
  }

  #kill(node: number): void {
    const name = this.running.get(node);
    if (name !== undefined) this.killed.add(name);
    this.running.delete(node);
  }
}

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.record({
    node: fc.nat(5),
    what: fc.constantFrom(
      ...(["start", "start", "kill", "drain", "hide", "fence", "ask"] as const),
      ...(["release", "release", "release", "idle"] as const),
    ),
  }),
  { maxLength: 60 },
);

describe("reconcile, whatever happens", () => {
  it(`keeps the rules of ownership in every step (seed ${seed})`, () => {
    fc.assert(
      fc.property(events, (history) => {
        const model = new ClusterModel({ moveBatch: 4 });
        const world = new World();
        for (const event of history) {
          const before = model.topology;
          const given = world.facts(model, event);
          model.step(given);
          checkStep(before, model, given);
        }
      }),
      { seed, numRuns: 25 },
    );
  });

  it(`ends balanced among the living once they are left alone (seed ${seed})`, () => {
    fc.assert(
      fc.property(events, (history) => {
        const model = new ClusterModel({ moveBatch: 4 });
        const world = new World();
        for (const event of history) model.step(world.facts(model, event));
        model.settle(world.facts(model, { node: 0, what: "idle" }));
        const living = [...world.running.values()].filter((name) => !world.draining.has(name));
        const counts = model.counts();
        for (const name of living) {
          expect(Math.abs((counts[name] ?? 0) - 16 / living.length)).toBeLessThan(1);
        }
      }),
      { seed, numRuns: 100 },
    );
  });
});

function checkStep(before: ClusterModel["topology"], model: ClusterModel, given: Facts): void {
  const after = model.topology;
  // Whoever is named is listed: otherwise this throws.
  encodeTopology(after);
  expect(model.moving().size).toBeLessThanOrEqual(4);
  const states = new Map(after.members.map(({ incarnation, state }) => [incarnation, state]));
  for (const [number, now] of after.partitions.entries()) {
    const then = before.partitions[number];
    if (then === undefined) throw new Error("a partition appeared");
    expect(now.term).toBeGreaterThanOrEqual(then.term);
    for (const named of [now.owner, now.moveTo]) {
      if (named !== undefined) expect(["active", "draining"]).toContain(states.get(named));
      expect(now.unfenced).not.toContain(named);
    }
    for (const incarnation of then.unfenced) {
      if (!given.fenced.has(incarnation)) expect(now.unfenced).toContain(incarnation);
    }
    if (then.owner !== undefined && given.absent.has(then.owner)) expect(now).toEqual(then);
    if (now.owner === then.owner) continue;
    if (now.owner !== undefined) {
      expect(now.term).toBe(then.term + 1);
      expect(states.get(now.owner)).toBe("active");
    }
    const wasReleased = given.released.get(number) === then.term && now.owner === then.moveTo;
    const died = then.owner !== undefined && given.dead.has(then.owner);
    expect(now.planned).toBe(wasReleased && !died);
    if (now.planned || then.owner === undefined) continue;
    expect(died).toBe(true);
    if (!given.fenced.has(then.owner)) expect(now.unfenced).toContain(then.owner);
  }
}
