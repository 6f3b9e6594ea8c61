/**
 * Between the registry's terms and etcd's messages: prefixes go on and come off here, and 64-bit
 * numbers, which the client carries as text, become numbers. Revisions grow by one with each
 * write, so they stay far below 2^53; lease ids are random and stay text.
 *
 * The messages are described by their shape, because only etcd-registry.ts imports the client.
 */

import { type Compare, LeaseGoneError, type RegistryEntry, type Write } from "./registry.js";
import type { Change } from "./watcher.js";

/** What etcd writes for "no lease". */
const NO_LEASE = "0";

export interface KeyValueMessage {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly lease: string;
}

export interface EventMessage {
  readonly type: "Put" | "Delete";
  readonly kv: KeyValueMessage;
}

interface CompareMessage {
  readonly result: "Equal";
  readonly target: "Create" | "Mod" | "Lease";
  readonly key: Buffer;
  readonly create_revision?: number;
  readonly mod_revision?: number;
  readonly lease?: string;
}

interface PutMessage {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly lease?: string;
}

interface WriteMessage {
  readonly request_put?: PutMessage;
  readonly request_delete_range?: { readonly key: Buffer };
}

/** The keys of one cluster, all of them under one prefix that ends where another's begins. */
export class KeySpace {
  readonly prefix: string;
  readonly #prefixBytes: number;

  constructor(cluster: string) {
    // A slash would put one cluster's keys inside another's.
    if (!/^[\w.-]+$/.test(cluster)) {
      throw new TypeError(`cluster name ${JSON.stringify(cluster)}: only A-Z a-z 0-9 _ . -`);
    }
    this.prefix = `/holdfast/${cluster}/`;
    this.#prefixBytes = Buffer.byteLength(this.prefix);
  }

  encode(key: string): Buffer {
    return Buffer.from(this.prefix + key, "utf8");
  }

  decode(key: Buffer): string {
    return key.toString("utf8", this.#prefixBytes);
  }

  toEntry(message: KeyValueMessage): RegistryEntry {
    return {
      key: this.decode(message.key),
      value: message.value,
      createRevision: Number(message.create_revision),
      modRevision: Number(message.mod_revision),
      leaseId: message.lease === NO_LEASE ? undefined : message.lease,
    };
  }

  toEntries(messages: readonly KeyValueMessage[]): ReadonlyMap<string, RegistryEntry> {
    return new Map(
      messages.map((message) => {
        const entry = this.toEntry(message);
        return [entry.key, entry];
      }),
    );
  }

  toChange({ type, kv }: EventMessage): Change {
    return {
      key: this.decode(kv.key),
      modRevision: Number(kv.mod_revision),
      entry: type === "Put" ? this.toEntry(kv) : undefined,
    };
  }

  fromCompare(compare: Compare): CompareMessage {
    const key = this.encode(compare.key);
    switch (compare.target) {
      case "create":
        return { result: "Equal", target: "Create", key, create_revision: compare.equals };
      case "mod":
        return { result: "Equal", target: "Mod", key, mod_revision: compare.equals };
      case "lease":
        return { result: "Equal", target: "Lease", key, lease: compare.equals };
    }
  }

  fromWrite(write: Write): WriteMessage {
    const key = this.encode(write.key);
    if ("delete" in write) return { request_delete_range: { key } };
    const value = typeof write.put === "string" ? Buffer.from(write.put, "utf8") : write.put;
    if (write.leaseId === undefined) return { request_put: { key, value } };
    return { request_put: { key, value, lease: write.leaseId } };
  }
}

/** A renewal's answer, in milliseconds. etcd answers 0 for a lease that it does not know. */
export function remainingTtlMs(leaseId: string, ttlSeconds: string): number {
  const ttlMs = Number(ttlSeconds) * 1_000;
  if (ttlMs > 0) return ttlMs;
  throw new LeaseGoneError(`lease ${leaseId} has ended`);
}
