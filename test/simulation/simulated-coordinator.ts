/** The leader of a simulated cluster: the real step from one topology to the next, and the real requests. */

import { emptyTopology, Requests, type Rings, reconcile } from "@holdfast/coordinator/testing";
import type { Incarnation, Partition, Topology } from "@holdfast/core";
import type { InSyncChange } from "@holdfast/node/testing";
import { REGISTRY, type SimulatedNetwork, type SimulatedRegistry } from "./surroundings.js";
import type { Tally } from "./tally.js";
import type { VirtualTime } from "./virtual-time.js";

/** A node, as the coordinator is called by it. */
interface Caller {
  readonly nodeId: string;
  deliver(run: () => void): void;
}

interface ReleaseDemand {
  readonly epoch: number;
  readonly incarnation: Incarnation;
  readonly partitions: readonly { readonly partition: number; readonly term: number }[];
}

/** A node, as the coordinator calls it. */
interface Releasing extends Caller {
  readonly isRunning: boolean;
  release(demand: ReleaseDemand): Promise<readonly { readonly status: string }[]>;
}

export interface CoordinatorParts {
  readonly time: VirtualTime;
  readonly registry: SimulatedRegistry;
  readonly network: SimulatedNetwork;
  readonly rings: Rings;
  readonly partitions: number;
  readonly backups: number;
  readonly tally: Tally;
  readonly nodeOf: (incarnation: Incarnation) => Releasing | undefined;
  /** Nobody is left who has what the owner of this partition had acknowledged. */
  readonly onLoss: (partition: number, owner: Incarnation) => void;
}

const CALL_TIMEOUT_MS = 2_000;
const COORDINATOR = "coordinator";
/** One for all: nobody reads where it comes from, and making errors is slow. */
const NO_ANSWER = new Error("no answer");

export class SimulatedCoordinator {
  readonly #parts: CoordinatorParts;
  readonly #requests = new Requests(() => this.#stepSoon());
  readonly #ended = new Set<Incarnation>();
  readonly #fenced = new Set<Incarnation>();
  readonly #reported = new Map<Incarnation, number>();
  #released: { readonly epoch: number; readonly terms: ReadonlyMap<number, number> } | undefined;
  #unsettledEpoch: number | undefined;
  #isReleasing = false;
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
    const { time, network, tally } = this.#parts;
    const reaches = () => this.isUp && network.connects(caller.nodeId, COORDINATOR);
    return new Promise((resolve, reject) => {
      const timeUp = new AbortController();
      const cancelTimeout = time.after(CALL_TIMEOUT_MS, () => {
        tally.note("lost answer");
        timeUp.abort(NO_ANSWER);
        caller.deliver(() => reject(NO_ANSWER));
      });
      time.after(network.latencyMs(), () => {
        if (!reaches()) return;
        const back = (settle: () => void) =>
          time.after(network.latencyMs(), () => {
            if (!reaches()) return;
            caller.deliver(() => {
              cancelTimeout();
              settle();
            });
          });
        ask(timeUp.signal).then(
          (result) => back(() => resolve(result)),
          (error: unknown) => back(() => reject(error)),
        );
      });
    });
  }

  /** Asks the owners to let go of what is to move; what they answer counts for this epoch alone. */
  #releaseSoon(topology: Topology): void {
    if (this.#isReleasing || !topology.partitions.some(isReady)) return;
    this.#isReleasing = true;
    this.#parts.time.after(20, () => {
      void this.#release(topology).finally(() => {
        this.#isReleasing = false;
        this.#stepSoon();
      });
    });
  }

  async #release({ epoch, partitions }: Topology): Promise<void> {
    if (this.#parts.registry.topology?.epoch !== epoch) return;
    this.#unsettledEpoch = epoch;
    const terms = new Map<number, number>();
    let isSettled = true;
    const asks = [...partitions.entries()].filter(([, partition]) => isReady(partition));
    await Promise.all(
      asks.map(async ([partition, { owner = "", term }]) => {
        const demand = { epoch, incarnation: owner, partitions: [{ partition, term }] };
        const outcomes = await this.#ask(owner, demand).catch(() => undefined);
        if (outcomes === undefined) isSettled = false;
        else if (outcomes[0]?.status === "RELEASED") terms.set(partition, term);
      }),
    );
    this.#released = { epoch, terms };
    // Whoever gave no answer may have let go, and waits for a later epoch.
    if (isSettled && this.#unsettledEpoch === epoch) this.#unsettledEpoch = undefined;
  }

  #ask(owner: Incarnation, demand: ReleaseDemand): Promise<readonly { status: string }[]> {
    const { time, network, nodeOf, tally } = this.#parts;
    const node = nodeOf(owner);
    const reaches = () =>
      node?.isRunning === true && network.connects(node.nodeId, COORDINATOR) && this.isUp;
    return new Promise((resolve, reject) => {
      const cancelTimeout = time.after(CALL_TIMEOUT_MS, () => {
        tally.note("lost answer");
        reject(NO_ANSWER);
      });
      time.after(network.latencyMs(), () => {
        if (node === undefined || !reaches()) return;
        node.deliver(() => {
          void node.release(demand).then((outcomes) => {
            time.after(network.latencyMs(), () => {
              if (!reaches()) return;
              cancelTimeout();
              resolve(outcomes);
            });
          });
        });
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
        released: this.#released?.epoch === before.epoch ? this.#released.terms : new Map(),
        resting: new Set(),
      },
      { moveBatch: 64, termFloor: 1, backups, nextEpoch },
      rings,
    );
    if (!step.changed && this.#unsettledEpoch !== before.epoch) {
      this.#releaseSoon(before);
      return;
    }
    this.#noteChanges(before, step.topology);
    registry.topology = { ...step.topology, epoch: nextEpoch, writeToken: String(nextEpoch) };
    this.#requests.noteRemoved(removals, registry.topology);
    this.#requests.settle(registry.topology);
    registry.changed();
  }
  #noteChanges(before: Topology, after: Topology): void {
    const { tally, onLoss } = this.#parts;
    for (const [partition, { owner, inSync }] of before.partitions.entries()) {
      const next = after.partitions[partition];
      if (owner === undefined || next === undefined || next.owner === owner) continue;
      tally.note(next.planned ? "move" : "failover");
      if (inSync.some((each) => each === next.owner)) continue;
      tally.note("loss");
      onLoss(partition, owner);
    }
  }
}

function isReady({ owner, moveTo, inSync }: Partition): boolean {
  return owner !== undefined && moveTo !== undefined && inSync.includes(moveTo);
}
