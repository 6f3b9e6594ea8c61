/**
 * etcd's messages as the generic protobuf loader hands them over: 64-bit numbers as text, enums by
 * name, every field present but those of a `oneof`. Only the fields in use are listed.
 */
import type { StoredChange, StoredEntry } from "./history.js";
import type { Range } from "./key-value-store.js";

export interface RangeMessage {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

export interface RangeRequest extends RangeMessage {
  readonly limit: string;
  readonly revision: string;
  readonly sort_order: "None" | "Ascend" | "Descend";
  readonly sort_target: "Key" | "Version" | "Create" | "Mod" | "Value";
  readonly keys_only: boolean;
  readonly count_only: boolean;
  readonly min_mod_revision: string;
  readonly max_mod_revision: string;
  readonly min_create_revision: string;
  readonly max_create_revision: string;
}

export interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease: string;
  readonly prev_kv: boolean;
  readonly ignore_value: boolean;
  readonly ignore_lease: boolean;
}

export interface DeleteRangeRequest extends RangeMessage {
  readonly prev_kv: boolean;
}

export interface RequestOperation {
  readonly request_range?: RangeRequest;
  readonly request_put?: PutRequest;
  readonly request_delete_range?: DeleteRangeRequest;
  readonly request_txn?: TransactionRequest;
}

export interface CompareMessage extends RangeMessage {
  readonly result: "Equal" | "Greater" | "Less" | "NotEqual";
  readonly target: "Version" | "Create" | "Mod" | "Value" | "Lease";
  readonly version?: string;
  readonly create_revision?: string;
  readonly mod_revision?: string;
  readonly value?: Buffer;
  readonly lease?: string;
}

export interface TransactionRequest {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly RequestOperation[];
  readonly failure: readonly RequestOperation[];
}

export interface WatchCreateRequest extends RangeMessage {
  readonly start_revision: string;
  readonly filters: readonly ("Noput" | "Nodelete")[];
  readonly prev_kv: boolean;
  readonly watch_id: string;
}

export interface WatchRequest {
  readonly create_request?: WatchCreateRequest;
  readonly cancel_request?: { readonly watch_id: string };
  readonly progress_request?: object;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly lease: string;
}

export interface EventMessage {
  readonly type: "Put" | "Delete";
  readonly kv: Partial<KeyValue>;
  readonly prev_kv?: KeyValue;
}

const NO_BYTES = Buffer.alloc(0);

/** One character for each byte, so that comparing strings compares bytes. */
export function toStoreKey(key: Buffer): string {
  return key.toString("latin1");
}

export function fromStoreKey(key: string): Buffer {
  return Buffer.from(key, "latin1");
}

export function toRange({ key, range_end: end }: RangeMessage): Range {
  return { start: toStoreKey(key), end: end.length === 0 ? undefined : toStoreKey(end) };
}

export function toKeyValue(entry: StoredEntry, keysOnly = false): KeyValue {
  return {
    key: fromStoreKey(entry.key),
    value: keysOnly ? NO_BYTES : entry.value,
    create_revision: entry.createRevision,
    mod_revision: entry.modRevision,
    version: entry.version,
    lease: entry.leaseId ?? "0",
  };
}

export function toEvent(change: StoredChange, withPrevious: boolean): EventMessage {
  const { revision, key, entry, previous } = change;
  const event: EventMessage =
    entry === undefined
      ? { type: "Delete", kv: { key: fromStoreKey(key), mod_revision: revision } }
      : { type: "Put", kv: toKeyValue(entry) };
  if (!withPrevious || previous === undefined) return event;
  return { ...event, prev_kv: toKeyValue(previous) };
}
