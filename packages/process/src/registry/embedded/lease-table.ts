/**
 * The leases of the embedded registry: who is alive, and which keys die with whom.
 *
 * Times to live are in whole seconds, as in the protocol, and never shorter than etcd's default
 * minimum. A lease's keys are deleted in one revision when it ends.
 */
import { randomBytes } from "node:crypto";
import { status } from "@grpc/grpc-js";
import type { CancelTimer, Clock } from "@holdfast/core";
import type { StoredChange } from "./history.js";
import type { KeyValueStore } from "./key-value-store.js";
import { leaseNotFound, StatusError } from "./status-error.js";

const MIN_TTL_SECONDS = 2;
const MAX_TTL_SECONDS = 9_000_000_000;

/** A timer that is this late says that the whole process stood still. */
const STALL_MS = 500;

/** Longest delay of a timer. Longer leases are looked at again in between. */
const MAX_DELAY_MS = 86_400_000;

interface LeaseState {
  readonly id: string;
  readonly ttlSeconds: number;
  readonly keys: Set<string>;
  expiresAtMs: number;
  cancelTimer: CancelTimer;
}

export interface LeaseView {
  readonly id: string;
  readonly ttlSeconds: number;
  readonly remainingSeconds: number;
  readonly keys: ReadonlySet<string>;
}

export class LeaseTable {
  readonly #store: KeyValueStore;
  readonly #clock: Clock;
  readonly #leases = new Map<string, LeaseState>();
  readonly #stopListening: () => void;

  constructor(store: KeyValueStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#stopListening = store.onCommit((changes) => this.#follow(changes));
  }

  get ids(): readonly string[] {
    return [...this.#leases.keys()];
  }

  /** Throws unless the lease is alive. */
  check(id: string): void {
    if (!this.#leases.has(id)) throw leaseNotFound();
  }

  get(id: string): LeaseView | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const remainingMs = Math.max(0, lease.expiresAtMs - this.#clock.monotonic());
    return {
      id,
      ttlSeconds: lease.ttlSeconds,
      remainingSeconds: Math.floor(remainingMs / 1_000),
      keys: lease.keys,
    };
  }

  /** With `wantedId` undefined an id is made up. Returns the id and what was granted, in seconds. */
  grant(wantedId: string | undefined, wantedTtlSeconds: number): LeaseView {
    if (wantedTtlSeconds > MAX_TTL_SECONDS) {
      throw new StatusError(status.OUT_OF_RANGE, "etcdserver: too large lease TTL");
    }
    const id = wantedId ?? newLeaseId();
    if (this.#leases.has(id)) {
      throw new StatusError(status.FAILED_PRECONDITION, "etcdserver: lease already exists");
    }
    const ttlSeconds = Math.max(MIN_TTL_SECONDS, wantedTtlSeconds);
    const lease = { id, ttlSeconds, keys: new Set<string>(), expiresAtMs: 0, cancelTimer() {} };
    this.#leases.set(id, lease);
    this.#extend(lease);
    return { id, ttlSeconds, remainingSeconds: ttlSeconds, keys: lease.keys };
  }

  /** Returns the new time to live in seconds; 0 when the lease is not known. */
  renew(id: string): number {
    const lease = this.#leases.get(id);
    if (lease === undefined) return 0;
    this.#extend(lease);
    return lease.ttlSeconds;
  }

  /** Ends a lease and deletes its keys. */
  revoke(id: string): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw leaseNotFound();
    lease.cancelTimer();
    this.#leases.delete(id);
    const keys = [...lease.keys].sort();
    this.#store.transact((writer) => {
      for (const start of keys) writer.delete({ start, end: undefined });
    });
  }

  /** No lease ends from here on. */
  stop(): void {
    this.#stopListening();
    for (const lease of this.#leases.values()) lease.cancelTimer();
  }

  #extend(lease: LeaseState): void {
    lease.cancelTimer();
    lease.expiresAtMs = this.#clock.monotonic() + lease.ttlSeconds * 1_000;
    this.#arm(lease);
  }

  #arm(lease: LeaseState): void {
    const delayMs = Math.min(lease.expiresAtMs - this.#clock.monotonic(), MAX_DELAY_MS);
    const dueAtMs = this.#clock.monotonic() + delayMs;
    lease.cancelTimer = this.#clock.after(delayMs, () => this.#onTimer(lease, dueAtMs));
  }

  #onTimer(lease: LeaseState, dueAtMs: number): void {
    const nowMs = this.#clock.monotonic();
    // Renewals may be waiting in the sockets, so every lease gets its full time once more, as
    // after the election of a new leader in etcd.
    if (nowMs - dueAtMs > STALL_MS) this.#extend(lease);
    else if (nowMs < lease.expiresAtMs) this.#arm(lease);
    else this.revoke(lease.id);
  }

  /** A key belongs to the lease of its last put, and to none once it is deleted. */
  #follow(changes: readonly StoredChange[]): void {
    for (const { key, entry, previous } of changes) {
      if (previous?.leaseId !== undefined) this.#leases.get(previous.leaseId)?.keys.delete(key);
      if (entry?.leaseId !== undefined) this.#leases.get(entry.leaseId)?.keys.add(key);
    }
  }
}

/** A positive 63-bit number. Random, so that a lease of an earlier run is never taken for a new one. */
function newLeaseId(): string {
  return (randomBytes(8).readBigUInt64BE() >> 1n || 1n).toString();
}
