/**
 * The registry in memory, with switches for what can go wrong: outages, answers that get lost,
 * watches that hear nothing, others that write in between, and the loss of everything.
 */
import type { Clock } from "@holdfast/core";
import type {
  Compare,
  Lease,
  Registry,
  RegistryEntry,
  RegistrySnapshot,
  RegistryWatch,
  TransactionResult,
  Write,
} from "@holdfast/process";
import { MemoryRegistry } from "@holdfast/process/testing";

interface Watch {
  readonly prefix: string;
  readonly onSnapshot: (snapshot: RegistrySnapshot) => void;
  inner: RegistryWatch;
}

export class FakeRegistry implements Registry {
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();
  #inner: MemoryRegistry;
  #isSilent = false;
  /** So many of the next transactions are made, but their answers are lost. */
  answersToLose = 0;
  /** Called before each transaction; may change the registry under it. */
  beforeTransaction: (writes: readonly Write[]) => Promise<void> = async () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#inner = new MemoryRegistry(clock);
  }

  get(key: string): Promise<RegistryEntry | undefined> {
    return this.#inner.get(key);
  }

  list(prefix: string): Promise<RegistrySnapshot> {
    return this.#inner.list(prefix);
  }

  async transact(
    compares: readonly Compare[],
    writes: readonly Write[],
  ): Promise<TransactionResult> {
    await this.beforeTransaction(writes);
    if (this.answersToLose > 0) {
      this.answersToLose--;
      this.#inner.loseNextAnswer();
    }
    return await this.#inner.transact(compares, writes);
  }

  grantLease(ttlMs: number): Promise<Lease> {
    return this.#inner.grantLease(ttlMs);
  }

  renewLease(leaseId: string, timeoutMs: number): Promise<number> {
    return this.#inner.renewLease(leaseId, timeoutMs);
  }

  revokeLease(leaseId: string): Promise<void> {
    return this.#inner.revokeLease(leaseId);
  }

  watch(prefix: string, onSnapshot: (snapshot: RegistrySnapshot) => void): RegistryWatch {
    const unlessSilent = (snapshot: RegistrySnapshot) => {
      if (!this.#isSilent) onSnapshot(snapshot);
    };
    const inner = this.#inner.watch(prefix, unlessSilent);
    const watch: Watch = { prefix, onSnapshot: unlessSilent, inner };
    this.#watches.add(watch);
    return {
      close: async () => {
        this.#watches.delete(watch);
        await watch.inner.close();
      },
    };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** Starts or ends an outage. */
  setAvailable(available: boolean): void {
    this.#inner.setAvailable(available);
  }

  /** While silent, watches hear nothing; afterwards they catch up. */
  setSilent(silent: boolean): void {
    this.#isSilent = silent;
    if (!silent) this.#inner.setAvailable(true);
  }

  /** Writes without conditions or faults. */
  async put(key: string, value: string | Buffer, leaseId?: string): Promise<void> {
    const write = { key, put: value };
    await this.#inner.transact([], [leaseId === undefined ? write : { ...write, leaseId }]);
  }

  async delete(key: string): Promise<void> {
    await this.#inner.transact([], [{ key, delete: true }]);
  }

  /** Loses everything, revisions and leases included. */
  async wipe(): Promise<void> {
    await this.#inner.close();
    this.#inner = new MemoryRegistry(this.#clock);
    for (const watch of this.#watches) {
      watch.inner = this.#inner.watch(watch.prefix, watch.onSnapshot);
    }
  }
}
