/**
 * What the KV requests mean: each is checked, then carried out on the store. A transaction is
 * checked whole before its first change, so it happens whole or not at all.
 *
 * Left out, and refused: reads at an earlier revision, filters by revision, nested transactions.
 */
import { compareHolds } from "./compare.js";
import type { StoredEntry } from "./history.js";
import type { KeyValueStore, StoreWriter } from "./key-value-store.js";
import type { LeaseTable } from "./lease-table.js";
import {
  type DeleteRangeRequest,
  type KeyValue,
  type PutRequest,
  type RangeRequest,
  type RequestOperation,
  type TransactionRequest,
  toKeyValue,
  toRange,
  toStoreKey,
} from "./messages.js";
import { invalidArgument, notSupported } from "./status-error.js";

/** etcd's default for `--max-txn-ops`. */
const MAX_OPERATIONS = 128;

export interface RangeResult {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export interface PutResult {
  readonly prev_kv?: KeyValue;
}

export interface DeleteResult {
  readonly deleted: number;
  readonly prev_kvs: readonly KeyValue[];
}

export interface OperationResult {
  readonly response_range?: RangeResult;
  readonly response_put?: PutResult;
  readonly response_delete_range?: DeleteResult;
}

export interface TransactionResult {
  readonly succeeded: boolean;
  readonly responses: readonly OperationResult[];
}

export class Requests {
  readonly #store: KeyValueStore;
  readonly #leases: LeaseTable;

  constructor(store: KeyValueStore, leases: LeaseTable) {
    this.#store = store;
    this.#leases = leases;
  }

  range(request: RangeRequest): RangeResult {
    this.#checkRange(request);
    const found = inOrder(this.#store.list(toRange(request)), request);
    const limit = Number(request.limit) || found.length;
    return {
      kvs: request.count_only
        ? []
        : found.slice(0, limit).map((entry) => toKeyValue(entry, request.keys_only)),
      more: !request.count_only && found.length > limit,
      count: found.length,
    };
  }

  put(request: PutRequest): PutResult {
    this.#checkPut(request);
    return this.#store.transact((writer) => this.#put(request, writer));
  }

  deleteRange(request: DeleteRangeRequest): DeleteResult {
    checkKey(request.key);
    return this.#store.transact((writer) => deleteKeys(request, writer));
  }

  transact(request: TransactionRequest): TransactionResult {
    const { compare, success, failure } = request;
    if (Math.max(compare.length, success.length, failure.length) > MAX_OPERATIONS) {
      throw invalidArgument("too many operations in txn request");
    }
    // Both branches are checked, also the one that is not taken.
    for (const operations of [success, failure]) this.#checkOperations(operations);
    const succeeded = compare.every((one) => compareHolds(one, this.#store));
    const operations = succeeded ? success : failure;
    for (const { request_put: put } of operations) this.#checkLease(put);
    return this.#store.transact((writer) => ({
      succeeded,
      responses: operations.map((operation) => this.#run(operation, writer)),
    }));
  }

  #run(operation: RequestOperation, writer: StoreWriter): OperationResult {
    const { request_range: range, request_put: put, request_delete_range: remove } = operation;
    if (range !== undefined) return { response_range: this.range(range) };
    if (put !== undefined) return { response_put: this.#put(put, writer) };
    if (remove !== undefined) return { response_delete_range: deleteKeys(remove, writer) };
    throw invalidArgument("key is not provided");
  }

  #put(request: PutRequest, writer: StoreWriter): PutResult {
    const key = toStoreKey(request.key);
    const previous = this.#store.get(key);
    const value = request.ignore_value ? previous?.value : request.value;
    const leaseId = request.ignore_lease ? previous?.leaseId : leaseOf(request);
    writer.put(key, value ?? request.value, leaseId);
    if (!request.prev_kv || previous === undefined) return {};
    return { prev_kv: toKeyValue(previous) };
  }

  #checkOperations(operations: readonly RequestOperation[]): void {
    const written = new Set<string>();
    for (const { request_range, request_put, request_delete_range, request_txn } of operations) {
      if (request_txn !== undefined) throw notSupported("nested transactions");
      if (request_range !== undefined) this.#checkRange(request_range);
      if (request_delete_range !== undefined) checkKey(request_delete_range.key);
      if (request_put === undefined) continue;
      checkKey(request_put.key);
      this.#checkIgnored(request_put);
      const key = toStoreKey(request_put.key);
      if (written.has(key)) throw invalidArgument("duplicate key given in txn request");
      written.add(key);
    }
  }

  #checkPut(request: PutRequest): void {
    checkKey(request.key);
    this.#checkIgnored(request);
    this.#checkLease(request);
  }

  #checkLease(request: PutRequest | undefined): void {
    if (request === undefined) return;
    const leaseId = leaseOf(request);
    if (leaseId !== undefined) this.#leases.check(leaseId);
  }

  #checkIgnored({ key, ignore_value, ignore_lease }: PutRequest): void {
    if (!ignore_value && !ignore_lease) return;
    if (this.#store.get(toStoreKey(key)) === undefined) throw invalidArgument("key not found");
  }

  #checkRange(request: RangeRequest): void {
    checkKey(request.key);
    const { revision, min_mod_revision, max_mod_revision } = request;
    const { min_create_revision, max_create_revision } = request;
    if (revision !== "0" && Number(revision) !== this.#store.revision) {
      throw notSupported("reads at another revision");
    }
    const filters = [min_mod_revision, max_mod_revision, min_create_revision, max_create_revision];
    if (filters.some((filter) => filter !== "0")) throw notSupported("filters by revision");
  }
}

function checkKey(key: Buffer): void {
  if (key.length === 0) throw invalidArgument("key is not provided");
}

function leaseOf({ lease }: PutRequest): string | undefined {
  return lease === "0" ? undefined : lease;
}

function deleteKeys(request: DeleteRangeRequest, writer: StoreWriter): DeleteResult {
  const deleted = writer.delete(toRange(request));
  const previous = request.prev_kv ? deleted.map((entry) => toKeyValue(entry)) : [];
  return { deleted: deleted.length, prev_kvs: previous };
}

/** The store lists by key, ascending. */
function inOrder(entries: readonly StoredEntry[], request: RangeRequest): readonly StoredEntry[] {
  if (request.sort_order === "None" && request.sort_target === "Key") return entries;
  const direction = request.sort_order === "Descend" ? -1 : 1;
  return [...entries].sort((left, right) => direction * byTarget(left, right, request.sort_target));
}

function byTarget(
  left: StoredEntry,
  right: StoredEntry,
  target: RangeRequest["sort_target"],
): number {
  switch (target) {
    case "Key":
      return left.key < right.key ? -1 : 1;
    case "Version":
      return left.version - right.version;
    case "Create":
      return left.createRevision - right.createRevision;
    case "Mod":
      return left.modRevision - right.modRevision;
    case "Value":
      return Buffer.compare(left.value, right.value);
  }
}
