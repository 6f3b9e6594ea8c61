/**
 * Whether this node may act as an owner at this very instant. Owning a partition in the topology
 * it last read is not enough: the topology may have moved on without it. Without backups the right
 * comes from the lease under which the node is registered, counted from the sending of its last
 * renewal; and it ends, whatever the lease says, when the node has not read the topology for too long.
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

export class RightToServe {
  readonly #lease: LeaseView;
  readonly #topology: TopologyReads;
  readonly #clock: Clock;
  readonly #outageMaxMs: number;

  constructor(lease: LeaseView, topology: TopologyReads, clock: Clock, outageMaxMs: number) {
    this.#lease = lease;
    this.#topology = topology;
    this.#clock = clock;
    this.#outageMaxMs = outageMaxMs;
  }

  holds(): boolean {
    const now = this.#clock.monotonic();
    return now < this.#lease.safeUntilMs && now - this.#topology.readAtMs <= this.#outageMaxMs;
  }

  /** @throws {CacheError} `UNAVAILABLE`: nothing was done. */
  check(): void {
    if (this.holds()) return;
    throw new CacheError(
      "UNAVAILABLE",
      "this node cannot confirm that it still owns the key: it has lost touch with the registry",
    );
  }
}
