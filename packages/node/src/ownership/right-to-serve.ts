/**
 * Whether this node may act as an owner at this very instant. Owning a partition in the topology
 * it last read is not enough: the topology may have moved on without it. Where backups are in sync,
 * the right comes from their promises not to own the partition; without, from the lease under which
 * the node is registered. Both count from the sending of what was answered. And the right ends,
 * whatever they say, when the node has not read the topology for too long.
 *
 * Both are compared on the monotonic clock in the tick in which an operation is evaluated.
 */
import { CacheError, type Clock } from "@holdfast/core";

/** The part of the registration that matters here. */
export interface LeaseView {
  /** Monotonic instant until which the node is certainly registered; -Infinity: it may not be. */
  readonly safeUntilMs: number;
}

/** The part of the topology's follower that matters here. */
export interface TopologyReads {
  /** Monotonic instant at which the last linearizable read of the topology was sent. */
  readonly readAtMs: number;
}

/** What the backups of this node's partitions have promised. */
export interface Promises {
  /** Monotonic instant until which a partition may be served, given until when the lease holds. */
  safeUntilMs(partition: number, leaseUntilMs: number): number;
}

/** How this node stands at an instant. */
export interface Standing {
  /** On the monotonic clock. */
  readonly nowMs: number;
  /** Whether it has read the topology lately. */
  readonly isCurrent: boolean;
  readonly leaseUntilMs: number;
}

export class RightToServe {
  readonly #lease: LeaseView;
  readonly #promises: Promises;
  readonly #topology: TopologyReads;
  readonly #clock: Clock;
  /** How long the node may go without having read the topology. */
  readonly outageMaxMs: number;

  constructor(
    lease: LeaseView,
    promises: Promises,
    topology: TopologyReads,
    clock: Clock,
    outageMaxMs: number,
  ) {
    this.#lease = lease;
    this.#promises = promises;
    this.#topology = topology;
    this.#clock = clock;
    this.outageMaxMs = outageMaxMs;
  }

  /** Whether a partition that this node owns may be served. */
  holds(partition: number): boolean {
    return this.holdsAt(this.look(), partition);
  }

  /** What the rights to all partitions have in common, in this tick. */
  look(): Standing {
    const nowMs = this.#clock.monotonic();
    const isCurrent = nowMs - this.#topology.readAtMs <= this.outageMaxMs;
    return { nowMs, isCurrent, leaseUntilMs: this.#lease.safeUntilMs };
  }

  /** As `holds`, in the tick in which it was looked. */
  holdsAt({ nowMs, isCurrent, leaseUntilMs }: Standing, partition: number): boolean {
    return isCurrent && nowMs < this.#promises.safeUntilMs(partition, leaseUntilMs);
  }

  /** Whether the node is registered, as far as it can know. */
  get isRegistered(): boolean {
    return this.#clock.monotonic() < this.#lease.safeUntilMs;
  }

  /** @throws {CacheError} `UNAVAILABLE`: nothing was done. */
  check(partition: number): void {
    if (this.holds(partition)) return;
    throw new CacheError(
      "UNAVAILABLE",
      "this node cannot confirm that it still owns the key: it has lost touch with the registry, or with its backups",
    );
  }
}
