/**
 * A registry inside the process, for tests of what is built on one: the embedded registry's store
 * and leases without the wire. It passes the same contract tests as etcd. Time is the clock's, so
 * with a fake one leases end when the test says so.
 *
 * It fails on demand: outages, in which leases go on ending, answers that get lost, watches that
 * hear nothing, others that write in between, and the loss of everything.
 */
import type { CancelTimer, Clock } from "@holdfast/core";
import type { StoredEntry } from "../registry/embedded/history.js";
import { isInRange, KeyValueStore, type Range } from "../registry/embedded/key-value-store.js";
import { LeaseTable } from "../registry/embedded/lease-table.js";
import { fromStoreKey, toRange, toStoreKey } from "../registry/embedded/messages.js";
import { StatusError } from "../registry/embedded/status-error.js";
import { prefixRange } from "../registry/key-range.js";
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
} from "../registry/registry.js";
import { SAFETY_READ_INTERVAL_MS } from "../registry/watcher.js";

/** The store has no empty range, and every key of the registry begins with this. */
const ROOT = "/";

interface MemoryWatch {
  readonly range: Range;
  readonly report: () => void;
}

export class MemoryRegistry implements Registry {
  readonly #clock: Clock;
  readonly #watches = new Set<MemoryWatch>();
  #store: KeyValueStore;
  #leases: LeaseTable;
  #available = true;
  #silent = false;
  #losesAnswer = false;
  /** Called before each transaction; may change the registry under it. */
  beforeTransaction: (writes: readonly Write[]) => Promise<void> = async () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#store = this.#createStore();
    this.#leases = new LeaseTable(this.#store, clock);
  }

  /** Starts or ends an outage: calls fail and watches are silent, then catch up. */
  setAvailable(available: boolean): void {
    this.#available = available;
    this.#reportToAll();
  }

  /** While silent, only the watches hear nothing; afterwards they catch up. */
  setSilent(silent: boolean): void {
    this.#silent = silent;
    this.#reportToAll();
  }

  /** The next transaction is carried out, and fails all the same. */
  loseNextAnswer(): void {
    this.#losesAnswer = true;
  }

  /** A write by somebody else, whom no fault concerns. */
  async put(key: string, value: string | Buffer, leaseId?: string): Promise<void> {
    const write = { key, put: value };
    this.#write([leaseId === undefined ? write : { ...write, leaseId }]);
  }

  /** As `put`. */
  async delete(key: string): Promise<void> {
    this.#write([{ key, delete: true }]);
  }

  /** Loses everything, revisions and leases included. */
  wipe(): void {
    this.#leases.stop();
    this.#store = this.#createStore();
    this.#leases = new LeaseTable(this.#store, this.#clock);
    this.#reportToAll();
  }

  async get(key: string): Promise<RegistryEntry | undefined> {
    await this.#reach();
    const entry = this.#store.get(encode(key));
    return entry === undefined ? undefined : toEntry(entry);
  }

  async list(prefix: string): Promise<RegistrySnapshot> {
    const readAtMs = this.#clock.monotonic();
    await this.#reach();
    return this.#snapshot(rangeOf(prefix), readAtMs);
  }

  async transact(
    compares: readonly Compare[],
    writes: readonly Write[],
  ): Promise<TransactionResult> {
    checkWrites(writes);
    await this.beforeTransaction(writes);
    await this.#reach();
    const succeeded = compares.every((compare) => this.#holds(compare));
    if (succeeded) this.#write(writes);
    if (this.#losesAnswer) {
      this.#losesAnswer = false;
      throw new RegistryUnavailableError("the answer was lost");
    }
    return { succeeded, revision: this.#store.revision };
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    await this.#reach();
    const { id, ttlSeconds } = this.#leases.grant(undefined, Math.ceil(ttlMs / 1_000));
    return { leaseId: id, ttlMs: ttlSeconds * 1_000 };
  }

  async renewLease(leaseId: string, _timeoutMs: number): Promise<number> {
    await this.#reach();
    const ttlSeconds = this.#leases.renew(leaseId);
    if (ttlSeconds === 0) throw new LeaseGoneError(`lease ${leaseId} has ended`);
    return ttlSeconds * 1_000;
  }

  async revokeLease(leaseId: string): Promise<void> {
    await this.#reach();
    if (this.#leases.get(leaseId) !== undefined) this.#leases.revoke(leaseId);
  }

  watch(prefix: string, onSnapshot: (snapshot: RegistrySnapshot) => void): RegistryWatch {
    const range = rangeOf(prefix);
    let cancelTimer: CancelTimer = () => {};
    const report = () => {
      const isHeard = this.#available && !this.#silent;
      if (isHeard) onSnapshot(this.#snapshot(range, this.#clock.monotonic()));
    };
    const watch = { range, report };
    const arm = () => {
      cancelTimer = this.#clock.after(SAFETY_READ_INTERVAL_MS, () => {
        report();
        arm();
      });
    };
    this.#watches.add(watch);
    arm();
    // Never from within `watch()`, as over a network.
    queueMicrotask(() => {
      if (this.#watches.has(watch)) report();
    });
    return {
      close: async () => {
        cancelTimer();
        this.#watches.delete(watch);
      },
    };
  }

  /** Ends its timers: no lease ends from here on. */
  async close(): Promise<void> {
    this.#leases.stop();
    this.#watches.clear();
    this.#available = false;
  }

  #createStore(): KeyValueStore {
    const store = new KeyValueStore();
    store.onCommit((changes) => {
      for (const { range, report } of this.#watches) {
        if (changes.some(({ key }) => isInRange(key, range))) report();
      }
    });
    return store;
  }

  #reportToAll(): void {
    for (const { report } of this.#watches) report();
  }

  async #reach(): Promise<void> {
    if (!this.#available) throw new RegistryUnavailableError("the registry is out of reach");
  }

  #snapshot(range: Range, readAtMs: number): RegistrySnapshot {
    const entries = this.#store.list(range).map(toEntry);
    return {
      revision: this.#store.revision,
      entries: new Map(entries.map((entry) => [entry.key, entry])),
      readAtMs,
    };
  }

  #holds(compare: Compare): boolean {
    const entry = this.#store.get(encode(compare.key));
    switch (compare.target) {
      case "create":
        return (entry?.createRevision ?? 0) === compare.equals;
      case "mod":
        return (entry?.modRevision ?? 0) === compare.equals;
      case "lease":
        return (entry?.leaseId ?? "0") === compare.equals;
    }
  }

  #write(writes: readonly Write[]): void {
    for (const write of writes) {
      if ("put" in write && write.leaseId !== undefined) this.#checkLease(write.leaseId);
    }
    this.#store.transact((writer) => {
      for (const write of writes) {
        const key = encode(write.key);
        if ("delete" in write) writer.delete({ start: key, end: undefined });
        else writer.put(key, Buffer.from(write.put), write.leaseId);
      }
    });
  }

  #checkLease(leaseId: string): void {
    try {
      this.#leases.check(leaseId);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new LeaseGoneError("the lease has ended", { cause: error });
    }
  }
}

function encode(key: string): string {
  return toStoreKey(Buffer.from(ROOT + key, "utf8"));
}

function rangeOf(prefix: string): Range {
  return toRange(prefixRange(ROOT + prefix));
}

function toEntry({ key, ...entry }: StoredEntry): RegistryEntry {
  return {
    key: fromStoreKey(key).toString("utf8", ROOT.length),
    value: entry.value,
    createRevision: entry.createRevision,
    modRevision: entry.modRevision,
    leaseId: entry.leaseId,
  };
}

function checkWrites(writes: readonly Write[]): void {
  const puts = writes.flatMap((write) => ("put" in write ? [write.key] : []));
  if (new Set(puts).size === puts.length) return;
  throw new Error("the registry refused the request: duplicate key given in txn request");
}
