/**
 * The registry as the rest of the code sees it: a small, strongly consistent key-value store with
 * leases, guarded transactions and watches. Processes use `etcd-registry.ts`, which talks to etcd or
 * to the embedded server (./embedded), which speaks the same protocol. Tests of what is built on a
 * registry use one in memory (../testing), which keeps the same contract.
 *
 * Keys are relative to the cluster's own prefix, e.g. `members/node-1`.
 */

export interface RegistryEntry {
  readonly key: string;
  readonly value: Buffer;
  /** Revision of the transaction that created the key; a new one after each deletion. */
  readonly createRevision: number;
  /** Revision of the transaction that last wrote the key. */
  readonly modRevision: number;
  /** The lease that the key dies with, if any. */
  readonly leaseId: string | undefined;
}

/** All keys under a prefix, as of one revision. */
export interface RegistrySnapshot {
  readonly revision: number;
  readonly entries: ReadonlyMap<string, RegistryEntry>;
  /**
   * Monotonic instant at which the last linearizable read that confirmed this snapshot was sent:
   * what the snapshot says was true at that time or later.
   */
  readonly readAtMs: number;
}

/**
 * A condition on a key. `create` and `mod` compare revisions (0: the key does not exist), `lease`
 * the id of the key's lease.
 */
export type Compare =
  | { readonly key: string; readonly target: "create" | "mod"; readonly equals: number }
  | { readonly key: string; readonly target: "lease"; readonly equals: string };

export type Write =
  | { readonly key: string; readonly put: string | Buffer; readonly leaseId?: string }
  | { readonly key: string; readonly delete: true };

export interface TransactionResult {
  /** Whether every comparison held and the writes were made. */
  readonly succeeded: boolean;
  /** Revision of the registry after the transaction. */
  readonly revision: number;
}

export interface Lease {
  readonly leaseId: string;
  /** What the registry granted, in milliseconds; it may be more than was asked for. */
  readonly ttlMs: number;
}

/** The lease has ended: keys under it are gone. */
export class LeaseGoneError extends Error {
  override readonly name = "LeaseGoneError";
}

/**
 * The registry did not answer, or not in time. After a transaction it is unknown whether the
 * writes were made: values carry a token of their writer, so that reading again tells.
 */
export class RegistryUnavailableError extends Error {
  override readonly name = "RegistryUnavailableError";
}

export interface Registry {
  /** A linearizable read. @throws {RegistryUnavailableError} */
  get(key: string): Promise<RegistryEntry | undefined>;

  /** A linearizable read of everything under a prefix. @throws {RegistryUnavailableError} */
  list(prefix: string): Promise<RegistrySnapshot>;

  /**
   * Makes all the writes if all the comparisons hold. It is sent once: never retried.
   *
   * @throws {RegistryUnavailableError} when the outcome is unknown.
   */
  transact(compares: readonly Compare[], writes: readonly Write[]): Promise<TransactionResult>;

  /** @throws {RegistryUnavailableError} */
  grantLease(ttlMs: number): Promise<Lease>;

  /**
   * Renews a lease and returns its new time to live, in milliseconds from the registry's receipt.
   *
   * @throws {LeaseGoneError} when it has ended.
   * @throws {RegistryUnavailableError} when there was no answer within `timeoutMs`.
   */
  renewLease(leaseId: string, timeoutMs: number): Promise<number>;

  /** Ends a lease now. A lease that is gone already is fine. @throws {RegistryUnavailableError} */
  revokeLease(leaseId: string): Promise<void>;

  /**
   * Follows everything under a prefix. `onSnapshot` is called with the present state once it is
   * known, after every change, and after each safety read (which moves `readAtMs` on). It lists
   * first, then watches, and lists again after any hiccup: states may be skipped, never reordered,
   * and the last one always arrives. Failures are retried for ever.
   */
  watch(prefix: string, onSnapshot: (snapshot: RegistrySnapshot) => void): RegistryWatch;

  /** Closes every connection and watch. */
  close(): Promise<void>;
}

export interface RegistryWatch {
  close(): Promise<void>;
}
