/** What belongs to records, by their caches and keys. */
import type { RecordName } from "./record.js";

type Name = Pick<RecordName, "cacheId" | "key">;

export class RecordIndex<Value> {
  readonly #byCache = new Map<number, Map<string, Value>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({ cacheId, key }: Name): Value | undefined {
    return this.#byCache.get(cacheId)?.get(key);
  }

  set({ cacheId, key }: Name, value: Value): void {
    let byKey = this.#byCache.get(cacheId);
    if (byKey === undefined) {
      byKey = new Map();
      this.#byCache.set(cacheId, byKey);
    }
    this.#size -= byKey.size;
    byKey.set(key, value);
    this.#size += byKey.size;
  }

  delete({ cacheId, key }: Name): void {
    if (this.#byCache.get(cacheId)?.delete(key) === true) this.#size -= 1;
  }

  *values(): Iterable<Value> {
    for (const byKey of this.#byCache.values()) yield* byKey.values();
  }
}
