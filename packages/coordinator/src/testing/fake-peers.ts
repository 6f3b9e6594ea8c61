/**
 * Nodes that follow the topology and let go of partitions when they are asked to, as the real ones
 * do, in memory. Tests can make them slow, busy, deaf, or unreachable.
 */
import { CacheError, type Clock, delay, type Topology } from "@holdfast/core";
import type { ReleaseRequest, ReleaseResponse__Output } from "@holdfast/proto";
import type { CallLimits, Peers } from "../leading/peers.js";

export type Manner = "releases" | "busy" | "unreachable" | "silent" | "deaf";

export interface ReleaseCall {
  readonly epoch: number;
  readonly incarnation: string;
  readonly partitions: readonly number[];
}

export class FakePeers implements Peers {
  readonly #clock: Clock;
  readonly #topology: () => Topology | undefined;
  /** How nodes answer, by address; they release where nothing else is said. */
  readonly manners: Map<string, Manner> = new Map();
  readonly calls: ReleaseCall[] = [];
  /** What nodes answer when they are asked for their topology, by address. */
  readonly topologies: Map<string, Topology> = new Map();
  /** Of each partition, the epoch that its last release named. */
  readonly releasedAt: Map<number, number> = new Map();

  constructor(clock: Clock, topology: () => Topology | undefined) {
    this.#clock = clock;
    this.#topology = topology;
  }

  async release(
    address: string,
    request: ReleaseRequest,
    limits: CallLimits,
  ): Promise<ReleaseResponse__Output> {
    const epoch = Number(request.epoch);
    const incarnation = request.incarnation ?? "";
    const asked = (request.partitions ?? []).map(({ partition = 0, term = 0 }) => ({
      partition,
      term,
    }));
    this.calls.push({ epoch, incarnation, partitions: asked.map(({ partition }) => partition) });
    const manner = this.manners.get(address) ?? "releases";
    if (manner === "unreachable") throw new CacheError("UNAVAILABLE", "no connection");
    if (manner === "silent") await timeUp(this.#clock, limits);
    const results = asked.map(({ partition, term }) => {
      const shown = this.#topology()?.partitions[partition];
      const isShown =
        shown?.owner === incarnation && shown.term === term && shown.moveTo !== undefined;
      const status = !isShown ? "REFUSED" : manner === "busy" ? "BUSY" : "RELEASED";
      if (status === "RELEASED") this.releasedAt.set(partition, epoch);
      return { partition, term, sequence: 0, status } as const;
    });
    // A deaf node has let go, but its answer never arrives.
    if (manner === "deaf") throw new CacheError("DEADLINE_EXCEEDED", "no answer in time");
    return { epoch, results };
  }

  async topology(address: string): Promise<Topology | undefined> {
    return this.topologies.get(address);
  }

  retain(): void {}

  close(): void {}
}

async function timeUp(clock: Clock, { timeoutMs, signal }: CallLimits): Promise<never> {
  await delay(clock, timeoutMs, signal).catch(() => {});
  throw new CacheError(signal.aborted ? "UNAVAILABLE" : "DEADLINE_EXCEEDED", "no answer");
}
