/** The leader of a simulated cluster: the real step from one topology to the next, and the real requests. */

import {
  emptyTopology,
  Requests,
  type RingBuilder,
  reconcile,
} from "@holdfast/coordinator/testing";
import type { Incarnation, Topology } from "@holdfast/core";
import type { InSyncChange } from "@holdfast/node/testing";
import { REGISTRY, type SimulatedNetwork, type SimulatedRegistry } from "./surroundings.js";
import type { VirtualTime } from "./virtual-time.js";

/** A node, as the coordinator is called by it. */
interface Caller {
  readonly nodeId: string;
  deliver(run: () => void): void;
}

export interface CoordinatorParts {
  readonly time: VirtualTime;
  readonly registry: SimulatedRegistry;
  readonly network: SimulatedNetwork;
  readonly rings: RingBuilder;
  readonly partitions: number;
  readonly backups: number;
  /** Nobody is left who has what the owner of this partition had acknowledged. */
  readonly onLoss: (partition: number) => void;
}

const CALL_TIMEOUT_MS = 2_000;
const COORDINATOR = "coordinator";

export class SimulatedCoordinator {
  readonly #parts: CoordinatorParts;
  readonly #requests = new Requests(() => this.#stepSoon());
  readonly #ended = new Set<Incarnation>();
  readonly #fenced = new Set<Incarnation>();
  readonly #reported = new Map<Incarnation, number>();
  #isStepDue = false;
  /** While it is down nobody leads. */
  isUp = true;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    parts.registry.watch(() => this.#stepSoon());
  }

  /** Somebody saw the process of this incarnation exit. */
  noteExit(incarnation: Incarnation): void {
    this.#ended.add(incarnation);
    this.#stepSoon();
  }

  reportFenced(incarnations: readonly Incarnation[]): void {
    for (const incarnation of incarnations) this.#fenced.add(incarnation);
    this.#stepSoon();
  }

  wake(): void {
    this.#stepSoon();
  }

  requestsOf(caller: Caller): {
    propose(from: Incarnation, epoch: number, changes: readonly InSyncChange[]): Promise<void>;
    remove(from: Incarnation, changes: readonly InSyncChange[]): Promise<number>;
  } {
    return {
      propose: (incarnation, epoch, changes) =>
        this.#call(caller, (signal) =>
          this.#requests.proposeInSync({ incarnation, epoch, changes }, signal),
        ),
      remove: (incarnation, changes) =>
        this.#call(caller, (signal) =>
          this.#requests.removeInSync({ incarnation, changes }, signal),
        ),
    };
  }

  /** A call that may be lost on the way there, or on the way back. */
  #call<Result>(caller: Caller, ask: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const { time, network } = this.#parts;
    const reaches = () => this.isUp && network.connects(caller.nodeId, COORDINATOR);
    return new Promise((resolve, reject) => {
      const timeUp = new AbortController();
      time.after(CALL_TIMEOUT_MS, () => {
        timeUp.abort();
        caller.deliver(() => reject(new Error("no answer")));
      });
      time.after(network.latencyMs(), () => {
        if (!reaches()) return;
        const back = (settle: () => void) =>
          time.after(network.latencyMs(), () => {
            if (reaches()) caller.deliver(settle);
          });
        ask(timeUp.signal).then(
          (result) => back(() => resolve(result)),
          (error: unknown) => back(() => reject(error)),
        );
      });
    });
  }

  #stepSoon(): void {
    if (this.#isStepDue) return;
    this.#isStepDue = true;
    this.#parts.time.after(5, () => {
      this.#isStepDue = false;
      if (this.isUp && this.#parts.network.connects(COORDINATOR, REGISTRY)) this.#step();
    });
  }

  #step(): void {
    const { registry, rings, partitions, backups } = this.#parts;
    const before: Topology = registry.topology ?? emptyTopology(partitions);
    const registered = [...registry.members.values()];
    for (const { incarnation, topologyEpoch } of registered) {
      this.#reported.set(incarnation, topologyEpoch);
    }
    const present = new Set(registered.map(({ incarnation }) => incarnation));
    const dead = before.members
      .filter(({ incarnation, state }) => state !== "dead" && !present.has(incarnation))
      .map(({ incarnation }) => incarnation);
    const succeeded = registered.flatMap(({ succeeds }) => succeeds);
    this.#requests.settle(before);
    const { removals } = this.#requests;
    const nextEpoch = before.epoch + 1;
    const step = reconcile(
      before,
      {
        registered: registered.map((member) => ({
          ...member,
          addresses: { data: member.nodeId, peer: member.nodeId, http: "" },
          zone: "",
          weight: 1,
          state: "active",
          protocolMin: 1,
          protocolMax: 1,
          journalIncarnations: [],
        })),
        dead: new Set(dead),
        absent: new Set(),
        ended: new Set([...this.#ended, ...succeeded]),
        fenced: this.#fenced,
        termRequests: [],
        proposals: this.#requests.proposals,
        removals,
        reported: this.#reported,
        recovered: new Set(),
        recoveryOver: new Set(before.partitions.keys()),
        released: new Map(),
        resting: new Set(),
      },
      // Moves are not part of this simulation.
      { moveBatch: 0, termFloor: 1, backups, nextEpoch },
      rings,
    );
    if (!step.changed) return;
    for (const [partition, { owner, inSync }] of before.partitions.entries()) {
      const next = step.topology.partitions[partition]?.owner;
      const isLost = owner !== undefined && next !== owner && !inSync.some((each) => each === next);
      if (isLost) this.#parts.onLoss(partition);
    }
    registry.topology = { ...step.topology, epoch: nextEpoch, writeToken: String(nextEpoch) };
    this.#requests.noteRemoved(removals, registry.topology);
    this.#requests.settle(registry.topology);
    registry.changed();
  }
}
