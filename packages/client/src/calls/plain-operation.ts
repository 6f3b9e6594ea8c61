/**
 * What most operations are, a GET, or a SET that says no more than its value: its key stays text until it is written
 * into a message, and it becomes an object of the wire only where somebody wants one. Of one class, so that all objects
 * of the hot path have one shape.
 */
import { encodeKey } from "@holdfast/core";
import type { BatchWriter, Operation, PlainSet, ReadTerms } from "@holdfast/proto";

/** An operation of the wire, on one key. */
export type KeyedOperation = Operation & { readonly key: Uint8Array };

const NO_VALUE = new Uint8Array(0);

type Fields = ReadTerms & PlainSet & { readonly kind: "GET" | "SET" };

export class PlainOperation implements ReadTerms, PlainSet {
  readonly kind: "GET" | "SET";
  readonly cache: string;
  readonly key: string;
  /** Of a GET. */
  readonly maxStaleMs: number | undefined;
  // Of a SET.
  readonly value: Uint8Array;
  readonly encoding: number;

  private constructor({ kind, cache, key, maxStaleMs, value, encoding }: Fields) {
    this.kind = kind;
    this.cache = cache;
    this.key = key;
    this.maxStaleMs = maxStaleMs;
    this.value = value;
    this.encoding = encoding;
  }

  static get(cache: string, key: string, maxStaleMs: number | undefined): PlainOperation {
    return new PlainOperation({
      kind: "GET",
      cache,
      key,
      maxStaleMs,
      value: NO_VALUE,
      encoding: 0,
    });
  }

  static set(write: PlainSet): PlainOperation {
    const { cache, key, value, encoding } = write;
    return new PlainOperation({ kind: "SET", cache, key, maxStaleMs: undefined, value, encoding });
  }

  /** The key must be well-formed. @param budgetMs - `undefined`: the batch's. */
  writeTo(batch: BatchWriter, id: number, budgetMs: number | undefined): void {
    if (this.kind === "GET") batch.get(id, this.key, this, budgetMs);
    else batch.set(id, this, budgetMs);
  }

  /** @throws {CacheError} as `encodeKey` does. */
  toOperation(): KeyedOperation {
    const { kind, cache, maxStaleMs, value, encoding } = this;
    const key = encodeKey(this.key);
    if (kind === "SET") return { kind, cache, key, value, encoding };
    return maxStaleMs === undefined ? { kind, cache, key } : { kind, cache, key, maxStaleMs };
  }
}
