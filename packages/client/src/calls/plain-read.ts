/**
 * A GET that says nothing but its key, which most operations are: it stays text until it is written into a message, and
 * becomes an operation only where somebody wants one.
 */
import { encodeKey } from "@holdfast/core";
import type { Operation } from "@holdfast/proto";

export class PlainRead {
  readonly kind = "GET";
  readonly cache: string;
  readonly key: string;

  /** @param key - well-formed. */
  constructor(cache: string, key: string) {
    this.cache = cache;
    this.key = key;
  }

  toOperation(): Operation & { readonly key: Uint8Array } {
    return { kind: "GET", cache: this.cache, key: encodeKey(this.key) };
  }
}
