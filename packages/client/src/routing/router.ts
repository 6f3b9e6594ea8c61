/**
 * From a key or a partition to the node that owns it, as one topology says. A router is made anew
 * for each topology and never changes; it is a hint only: the owner itself knows better, and says
 * so with NOT_OWNER.
 */
import {
  type ClusterConfig,
  type Member,
  partitionOf,
  partitionOfKey,
  type Topology,
} from "@holdfast/core";

/** One run of a node, and where it listens for clients. */
export interface Target {
  readonly nodeId: string;
  readonly incarnation: string;
  /** `host:port`. */
  readonly address: string;
}

export interface OwnedPartition {
  readonly partition: number;
  readonly term: number;
  readonly owner: Target;
}

export class Router {
  readonly epoch: number;
  readonly #config: ClusterConfig;
  readonly #topology: Topology;
  readonly #targets = new Map<string, Target>();
  /** By partition, so that routing an operation is one look into an array. */
  readonly #owners: readonly (Target | undefined)[];

  constructor(config: ClusterConfig, topology: Topology) {
    this.epoch = topology.epoch;
    this.#config = config;
    this.#topology = topology;
    for (const member of topology.members) {
      if (member.state !== "dead") this.#targets.set(member.incarnation, targetOf(member));
    }
    this.#owners = topology.partitions.map(({ owner }) =>
      owner === undefined ? undefined : this.#targets.get(owner),
    );
  }

  partitionOf(keyBytes: Uint8Array): number {
    return partitionOf(keyBytes, this.#config);
  }

  /** @throws {CacheError} `INVALID_ARGUMENT` when it cannot be a key. */
  partitionOfKey(key: string): number {
    return partitionOfKey(key, this.#config);
  }

  /** Absent while the partition has no living owner. */
  ownerOf(partition: number): Target | undefined {
    return this.#owners[partition];
  }

  termOf(partition: number): number {
    return this.#topology.partitions[partition]?.term ?? 0;
  }

  /** Every partition that has a living owner. */
  ownedPartitions(): readonly OwnedPartition[] {
    return this.#owners.flatMap((owner, partition) =>
      owner === undefined ? [] : [{ partition, term: this.termOf(partition), owner }],
    );
  }

  /** Members that are not known to be dead, whether they own anything or not. */
  members(): readonly Target[] {
    return [...this.#targets.values()];
  }

  has(incarnation: string): boolean {
    return this.#targets.has(incarnation);
  }
}

function targetOf({ nodeId, incarnation, addresses }: Member): Target {
  return { nodeId, incarnation, address: addresses.data };
}
