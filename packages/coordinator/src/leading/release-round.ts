/**
 * One round of asking owners to let go of the partitions that shall move: one call to each owner,
 * all at once, each naming the epoch that shows the moves. What they answer holds only while that
 * epoch is the latest; the session (leader-session.ts) discards it otherwise.
 */
import type { Incarnation, Logger, Topology } from "@holdfast/core";
import type { PartitionTerm } from "@holdfast/proto";
import type { Peers } from "./peers.js";

export interface ReleaseRoundOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ReleaseOutcome {
  /** From partition to the term at which it was released. */
  readonly released: ReadonlyMap<number, number>;
  /** Partitions whose owners go on serving them. */
  readonly kept: readonly number[];
  /**
   * Partitions of owners that gave no answer. They may have let go, and would serve again only on
   * a later epoch, so one must be published.
   */
  readonly unknown: readonly number[];
}

interface Ask {
  readonly owner: Incarnation;
  readonly address: string;
  readonly partitions: PartitionTerm[];
}

/** Never throws: whatever fails is part of the outcome. */
export async function runReleaseRound(
  topology: Topology,
  partitions: readonly number[],
  peers: Peers,
  logger: Logger,
  options: ReleaseRoundOptions,
): Promise<ReleaseOutcome> {
  const outcomes = await Promise.all(
    asksOf(topology, partitions).map((ask) =>
      releaseOne(topology.epoch, ask, peers, logger, options),
    ),
  );
  return {
    released: new Map(outcomes.flatMap(({ released }) => [...released])),
    kept: outcomes.flatMap(({ kept }) => kept),
    unknown: outcomes.flatMap(({ unknown }) => unknown),
  };
}

/** The partitions by their owners. */
function asksOf(topology: Topology, partitions: readonly number[]): readonly Ask[] {
  const members = new Map(topology.members.map((member) => [member.incarnation, member]));
  const asks = new Map<Incarnation, Ask>();
  for (const number of partitions) {
    const { owner, term } = topology.partitions[number] ?? {};
    const address = owner === undefined ? undefined : members.get(owner)?.addresses.peer;
    if (owner === undefined || term === undefined || address === undefined) continue;
    const ask = asks.get(owner) ?? { owner, address, partitions: [] };
    ask.partitions.push({ partition: number, term });
    asks.set(owner, ask);
  }
  return [...asks.values()];
}

async function releaseOne(
  epoch: number,
  { owner, address, partitions }: Ask,
  peers: Peers,
  logger: Logger,
  options: ReleaseRoundOptions,
): Promise<ReleaseOutcome> {
  const asked = new Map(partitions.map(({ partition = 0, term = 0 }) => [partition, term]));
  const released = new Map<number, number>();
  const answered = new Set<number>();
  try {
    const response = await peers.release(
      address,
      { epoch, incarnation: owner, partitions },
      options,
    );
    if (response.epoch !== epoch) throw new Error(`released at epoch ${response.epoch}`);
    for (const { partition, term, status } of response.results) {
      if (asked.get(partition) !== term) continue;
      answered.add(partition);
      if (status === "RELEASED") released.set(partition, term);
    }
  } catch (error) {
    const level = options.signal.aborted ? "debug" : "warn";
    logger[level]({ err: error, owner, address, epoch }, "no answer to a release");
  }
  return {
    released,
    kept: [...answered].filter((partition) => !released.has(partition)),
    unknown: [...asked.keys()].filter((partition) => !answered.has(partition)),
  };
}
