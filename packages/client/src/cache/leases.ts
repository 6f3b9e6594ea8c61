/**
 * Keeps the leases of fill tokens alive while their loader runs: renews them at a third of their length, so
 * that two renewals may get lost. A lease that is over is not renewed; the loader goes on all the same.
 */
import type { CancelTimer, Clock } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import type { KeyedOperation } from "../calls/plain-operation.js";
import { type Fill, renewFillOperation } from "./requests.js";

export interface LeasesParts {
  readonly send: (operation: KeyedOperation, timeoutMs: number) => Promise<Reply__Output>;
  readonly clock: Clock;
  /** Aborts when the client is closed. */
  readonly closing: AbortSignal;
}

export class Leases {
  readonly #parts: LeasesParts;
  readonly #fills = new Set<Fill>();
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
  }

  /** From now on this one is renewed; leases of one loader all have the same length. */
  add(fill: Fill, leaseMs: number): void {
    this.#fills.add(fill);
    this.#cancelTimer ??= this.#plan(leaseMs);
  }

  stop(): void {
    this.#fills.clear();
    this.#cancelTimer?.();
  }

  #plan(leaseMs: number): CancelTimer {
    return this.#parts.clock.after(leaseMs / 3, () => {
      if (this.#fills.size === 0 || this.#parts.closing.aborted) return;
      for (const fill of this.#fills) void this.#renew(fill, leaseMs);
      this.#cancelTimer = this.#plan(leaseMs);
    });
  }

  /** Never rejects: the next renewal may do better. */
  async #renew(fill: Fill, leaseMs: number): Promise<void> {
    try {
      const { outcome } = await this.#parts.send(renewFillOperation(fill), leaseMs / 3);
      if (outcome === "NOT_APPLIED") this.#fills.delete(fill);
    } catch {
      // The owner cannot be reached now, or is another one, which knows nothing of the token.
    }
  }
}
