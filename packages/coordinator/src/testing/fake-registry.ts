/**
 * A registry in memory, for tests: the real semantics of revisions, guarded transactions, leases
 * and watches, on the test's clock, with switches for what can go wrong.
 */
import type { Clock } from "@holdfast/core";
import {
  type Compare,
  type Lease,
  LeaseGoneError,
  type Registry,
  type RegistryEntry,
  type RegistrySnapshot,
  RegistryUnavailableError,
  type RegistryWatch,
  type TransactionResult,
  type Write,
} from "@holdfast/process";

interface FakeLease {
  readonly ttlMs: number;
  cancel: () => void;
}

interface FakeWatch {
  readonly prefix: string;
  readonly onSnapshot: (snapshot: RegistrySnapshot) => void;
}

export class FakeRegistry implements Registry {
  readonly #clock: Clock;
  readonly #watches = new Set<FakeWatch>();
  readonly #leases = new Map<string, FakeLease>();
  #entries = new Map<string, RegistryEntry>();
  #revision = 1;
  #nextLease = 1;
  /** While set, every call fails and nothing is done; leases stand still. */
  isDown = false;
  /** While set, watches hear nothing. */
  isSilent = false;
  /** So many of the next transactions are made, but their answers are lost. */
  answersToLose = 0;
  /** Called before each transaction; may change the registry under it. */
  beforeTransaction: (writes: readonly Write[]) => void = () => {};
  transactions = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async get(key: string): Promise<RegistryEntry | undefined> {
    this.#requireUp();
    return this.#entries.get(key);
  }

  async list(prefix: string): Promise<RegistrySnapshot> {
    this.#requireUp();
    return this.#snapshot(prefix);
  }

  async transact(
    compares: readonly Compare[],
    writes: readonly Write[],
  ): Promise<TransactionResult> {
    this.#requireUp();
    this.beforeTransaction(writes);
    this.transactions++;
    const succeeded = compares.every((compare) => this.#holds(compare));
    for (const write of writes) {
      const leaseId = "put" in write ? write.leaseId : undefined;
      if (leaseId === undefined || this.#leases.has(leaseId)) continue;
      throw new LeaseGoneError(`lease ${leaseId} is gone`);
    }
    if (succeeded) this.#write(writes);
    if (this.answersToLose > 0) {
      this.answersToLose--;
      throw new RegistryUnavailableError("the answer was lost");
    }
    return { succeeded, revision: this.#revision };
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    this.#requireUp();
    const leaseId = String(this.#nextLease++);
    this.#leases.set(leaseId, { ttlMs, cancel: () => {} });
    this.#extend(leaseId);
    return { leaseId, ttlMs };
  }

  async renewLease(leaseId: string): Promise<number> {
    this.#requireUp();
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) throw new LeaseGoneError(`lease ${leaseId} is gone`);
    this.#extend(leaseId);
    return lease.ttlMs;
  }

  async revokeLease(leaseId: string): Promise<void> {
    this.#requireUp();
    this.expire(leaseId);
  }

  watch(prefix: string, onSnapshot: (snapshot: RegistrySnapshot) => void): RegistryWatch {
    const watch = { prefix, onSnapshot };
    this.#watches.add(watch);
    this.#tell(watch);
    return {
      close: async () => {
        this.#watches.delete(watch);
      },
    };
  }

  async close(): Promise<void> {
    this.#watches.clear();
  }

  /** Ends a lease and deletes its keys, as when nobody renewed it. */
  expire(leaseId: string): void {
    this.#leases.get(leaseId)?.cancel();
    this.#leases.delete(leaseId);
    const keys = [...this.#entries.values()].filter((entry) => entry.leaseId === leaseId);
    if (keys.length > 0) this.#write(keys.map(({ key }) => ({ key, delete: true })));
  }

  /** Writes without conditions, and without being counted. */
  put(key: string, value: string | Buffer): void {
    this.#write([{ key, put: value }]);
  }

  delete(key: string): void {
    this.#write([{ key, delete: true }]);
  }

  /** Loses everything, revisions and leases included. */
  wipe(): void {
    this.#entries = new Map();
    for (const lease of this.#leases.values()) lease.cancel();
    this.#leases.clear();
    this.#revision = 1;
    this.tellAll();
  }

  /** What a safety read does for every watch. */
  tellAll(): void {
    for (const watch of this.#watches) this.#tell(watch);
  }

  #requireUp(): void {
    if (this.isDown) throw new RegistryUnavailableError("the registry is down");
  }

  #holds(compare: Compare): boolean {
    const entry = this.#entries.get(compare.key);
    if (compare.target === "lease") return (entry?.leaseId ?? "") === compare.equals;
    const revision = compare.target === "create" ? entry?.createRevision : entry?.modRevision;
    return (revision ?? 0) === compare.equals;
  }

  #write(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    this.#revision++;
    this.#entries = new Map(this.#entries);
    for (const write of writes) {
      if ("delete" in write) this.#entries.delete(write.key);
      else {
        this.#entries.set(write.key, {
          key: write.key,
          value: Buffer.from(write.put),
          createRevision: this.#entries.get(write.key)?.createRevision ?? this.#revision,
          modRevision: this.#revision,
          leaseId: write.leaseId,
        });
      }
    }
    this.tellAll();
  }

  #extend(leaseId: string): void {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return;
    lease.cancel();
    lease.cancel = this.#clock.after(lease.ttlMs, () => {
      // A registry that is down lets leases live on, as etcd does after a restart.
      if (this.isDown) this.#extend(leaseId);
      else this.expire(leaseId);
    });
  }

  #tell(watch: FakeWatch): void {
    if (this.isSilent || this.isDown) return;
    const snapshot = this.#snapshot(watch.prefix);
    queueMicrotask(() => {
      if (this.#watches.has(watch)) watch.onSnapshot(snapshot);
    });
  }

  #snapshot(prefix: string): RegistrySnapshot {
    return {
      revision: this.#revision,
      entries: new Map([...this.#entries].filter(([key]) => key.startsWith(prefix))),
      readAtMs: this.#clock.monotonic(),
    };
  }
}
