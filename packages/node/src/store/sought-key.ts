/**
 * The key that a store was asked for last: its bytes in UTF-8, and their hash. It saves each lookup an object, and lasts
 * until the next one.
 */
import { CacheError, decodeKey, hash32, MAX_KEY_BYTES } from "@holdfast/core";

/** Text, or its bytes in UTF-8: these cost nothing to look up with. */
export type Key = string | Uint8Array;

/** @throws {CacheError} `INVALID_ARGUMENT` when bytes are no key. */
export function textOf(key: Key): string {
  return typeof key === "string" ? key : decodeKey(key);
}

export class SoughtKey {
  readonly #hashSeed: number;
  readonly #text = Buffer.allocUnsafe(3 * MAX_KEY_BYTES);
  /** The key's bytes are the first `length` of these. */
  bytes: Uint8Array = this.#text;
  length = 0;
  hash = 0;

  constructor(hashSeed: number) {
    this.#hashSeed = hashSeed;
  }

  /** Returns whether there can be such a key. */
  set(key: Key): boolean {
    if (typeof key === "string") {
      this.bytes = this.#text;
      this.length = key.length > MAX_KEY_BYTES ? key.length : this.#text.write(key);
    } else {
      this.bytes = key;
      this.length = key.length;
    }
    if (this.length > MAX_KEY_BYTES) return false;
    this.hash = hash32(this.bytes, this.#hashSeed, 0, this.length);
    return true;
  }

  /** @throws {CacheError} `INVALID_ARGUMENT` when it is empty or too long. */
  check(): void {
    if (this.length > 0 && this.length <= MAX_KEY_BYTES) return;
    const problem = `key has ${this.length} bytes; it needs 1 to ${MAX_KEY_BYTES}`;
    throw new CacheError("INVALID_ARGUMENT", problem);
  }
}
