/**
 * Keeps one lease alive, and says until when it is safe to rely on it.
 *
 * The registry counts a lease from the moment it receives a renewal, which is not before the
 * renewal was sent. So the keeper counts from the send, on the monotonic clock, and takes a margin
 * off: past `safeUntilMs` the registry may have ended the lease, and its keys may be another's.
 * `isSafe()` is the signal to act on. `onLost` comes later, when the registry answers again and
 * says that the lease is gone; a registry that does not answer loses nothing.
 *
 *     none --acquire()--> held --renewal: gone--> none, and the listeners hear of it
 *                          |----release(), abandon()--> none
 *
 * The renewals run on the same event loop as the work that the lease protects: a process that
 * hangs must not look alive.
 */
import type { CancelTimer, Clock, Logger } from "@holdfast/core";
import { type Lease, LeaseGoneError, type Registry } from "./registry.js";

/** What the keeper needs from the registry. */
export type LeaseRegistry = Pick<Registry, "grantLease" | "renewLease" | "revokeLease">;

export interface LeaseKeeperOptions {
  readonly registry: LeaseRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time to live to ask for, in milliseconds. The registry may grant more. */
  readonly ttlMs: number;
}

/** A lease that is held. A renewal that returns to find another one has nothing to say. */
interface Held {
  readonly leaseId: string;
  readonly renewEveryMs: number;
  safeUntilMs: number;
  /** Whether the last renewal failed. Only the first of a series is worth a warning. */
  failing: boolean;
  cancelTimer: CancelTimer;
}

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #lostListeners = new Set<(error: LeaseGoneError) => void>();
  #held: Held | undefined;
  #acquiring = false;
  /** Grows when the lease is given up, so that an acquisition under way can tell. */
  #givenUp = 0;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Undefined while no lease is held. */
  get leaseId(): string | undefined {
    return this.#held?.leaseId;
  }

  /** Monotonic instant before which the lease is certain to live; `-Infinity` without a lease. */
  get safeUntilMs(): number {
    return this.#held?.safeUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether the lease is certain to live now. */
  isSafe(): boolean {
    return this.#options.clock.monotonic() < this.safeUntilMs;
  }

  /**
   * Calls `listener` once for each lease that turns out to be gone; it may call `acquire()`.
   *
   * @returns a function that removes the listener.
   */
  onLost(listener: (error: LeaseGoneError) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /**
   * Takes a new lease, keeps it from now on, and returns its id.
   *
   * @throws {RegistryUnavailableError} and holds none then; an Error when it was given up meanwhile.
   */
  async acquire(): Promise<string> {
    if (this.#acquiring || this.#held !== undefined) throw new Error("a lease is held already");
    const { registry, clock, ttlMs } = this.#options;
    this.#acquiring = true;
    const givenUp = this.#givenUp;
    try {
      const sentAtMs = clock.monotonic();
      const lease = await registry.grantLease(ttlMs);
      // It has no keys yet, so it may as well end by itself.
      if (givenUp !== this.#givenUp)
        throw new Error("the lease was given up while it was acquired");
      this.#hold(lease, sentAtMs);
      return lease.leaseId;
    } finally {
      this.#acquiring = false;
    }
  }

  /** Stops at once and ends the lease in the registry, which deletes its keys. Never throws. */
  async release(): Promise<void> {
    const leaseId = this.abandon();
    if (leaseId === undefined) return;
    try {
      await this.#options.registry.revokeLease(leaseId);
    } catch (err) {
      this.#options.logger.warn({ err, leaseId }, "lease not revoked, it will end by itself");
    }
  }

  /** Stops at once and leaves the lease to end by itself. Returns its id, if one was held. */
  abandon(): string | undefined {
    const held = this.#held;
    this.#held = undefined;
    this.#givenUp += 1;
    held?.cancelTimer();
    return held?.leaseId;
  }

  #hold({ leaseId, ttlMs }: Lease, sentAtMs: number): void {
    const held: Held = {
      leaseId,
      renewEveryMs: ttlMs / 3,
      safeUntilMs: sentAtMs + safeMs(ttlMs),
      failing: false,
      cancelTimer: () => {},
    };
    this.#held = held;
    this.#renewAt(held, sentAtMs + held.renewEveryMs);
  }

  #renewAt(held: Held, atMs: number): void {
    const delayMs = Math.max(0, atMs - this.#options.clock.monotonic());
    // #renew() handles every failure of its own.
    held.cancelTimer = this.#options.clock.after(delayMs, () => void this.#renew(held));
  }

  async #renew(held: Held): Promise<void> {
    const { registry, clock } = this.#options;
    const sentAtMs = clock.monotonic();
    try {
      const ttlMs = await registry.renewLease(held.leaseId, held.renewEveryMs);
      if (held !== this.#held) return;
      held.safeUntilMs = sentAtMs + safeMs(ttlMs);
      held.failing = false;
      this.#renewAt(held, sentAtMs + held.renewEveryMs);
    } catch (error) {
      if (held !== this.#held) return;
      if (error instanceof LeaseGoneError) {
        this.#lose(error);
        return;
      }
      this.#reportFailure(held, error);
      // Sooner than after a success, so that more than one more attempt fits in what is left.
      this.#renewAt(held, sentAtMs + held.renewEveryMs / 4);
    }
  }

  #reportFailure(held: Held, err: unknown): void {
    const { clock, logger } = this.#options;
    const { leaseId, safeUntilMs } = held;
    const safeForMs = Math.round(safeUntilMs - clock.monotonic());
    const level = held.failing ? "debug" : "warn";
    held.failing = true;
    logger[level]({ err, leaseId, safeForMs }, "lease not renewed, trying again");
  }

  #lose(error: LeaseGoneError): void {
    this.#options.logger.warn({ leaseId: this.leaseId }, "lease is gone");
    this.#held = undefined;
    for (const listener of [...this.#lostListeners]) {
      try {
        listener(error);
      } catch (err) {
        // A defect of the listener, which must not keep the others from hearing of it.
        this.#options.logger.error({ err }, "lost-lease listener failed");
      }
    }
  }
}

/**
 * How long after the send of a renewal its lease is certain to live: its time to live less a
 * margin for clocks that run at different rates (15 % is three times what the rest of the system
 * allows for) and, in short leases, for the time between a check and the act that it allows
 * (500 ms). The margin never takes more than a third: one renewal that gets no answer, and is
 * sent again, must fit in what is left.
 */
function safeMs(ttlMs: number): number {
  const marginMs = Math.min(Math.max(500, ttlMs * 0.15), ttlMs / 3);
  return ttlMs - marginMs;
}
