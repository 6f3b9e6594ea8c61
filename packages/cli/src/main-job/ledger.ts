/**
 * What the shop has been promised: for each key of one cache, the acknowledged value with the
 * highest version. Versions decide, not the order of arrival: of two writes of one key that are in
 * flight together, either answer may come first.
 */
export class Ledger<Value> {
  readonly #entries = new Map<string, { readonly version: number; readonly value: Value }>();

  /** Notes an acknowledged write. */
  acknowledge(key: string, value: Value, version: number): void {
    const known = this.#entries.get(key);
    if (known === undefined || version > known.version) this.#entries.set(key, { version, value });
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** How many keys have been written. */
  get size(): number {
    return this.#entries.size;
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }
}
