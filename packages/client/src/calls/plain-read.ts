/**
 * A GET, as most operations are: its key stays text until it is written into a message, and it becomes an operation
 * only where somebody wants one.
 */
import { encodeKey } from "@holdfast/core";
import type { Operation, ReadTerms } from "@holdfast/proto";

export class PlainRead implements ReadTerms {
  readonly kind = "GET";
  readonly cache: string;
  readonly key: string;
  readonly maxStaleMs: number | undefined;

  /** @param key - well-formed. */
  constructor(cache: string, key: string, maxStaleMs: number | undefined) {
    this.cache = cache;
    this.key = key;
    this.maxStaleMs = maxStaleMs;
  }

  toOperation(): Operation & { readonly key: Uint8Array } {
    const { cache, maxStaleMs } = this;
    const operation = { kind: "GET", cache, key: encodeKey(this.key) } as const;
    return maxStaleMs === undefined ? operation : { ...operation, maxStaleMs };
  }
}
