/**
 * The key that a store was asked for last: its bytes in UTF-8, the same in words, and their hash. It saves each lookup
 * an object, and lasts until the next one.
 */
import { endianness } from "node:os";
import { CacheError, decodeKey, hash32OfWords, MAX_KEY_BYTES } from "@holdfast/core";

// Keys are compared and hashed word by word, as they lie in memory.
if (endianness() !== "LE") throw new Error("a cache node needs a little-endian processor");

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
  /** The same; zeros fill the last word up. */
  readonly words: Uint32Array = new Uint32Array(MAX_KEY_BYTES / 4);
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
    this.#fillWords();
    this.hash = hash32OfWords(this.words, this.#hashSeed, 0, this.length);
    return true;
  }

  /** @throws {CacheError} `INVALID_ARGUMENT` when it is empty or too long. */
  check(): void {
    if (this.length > 0 && this.length <= MAX_KEY_BYTES) return;
    const problem = `key has ${this.length} bytes; it needs 1 to ${MAX_KEY_BYTES}`;
    throw new CacheError("INVALID_ARGUMENT", problem);
  }

  #fillWords(): void {
    const { bytes, length, words } = this;
    const whole = length >>> 2;
    for (let index = 0, at = 0; index < whole; index++, at += 4) {
      // Within the key, hence the casts.
      words[index] =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
    }
    if ((length & 3) === 0) return;
    let last = 0;
    for (let at = length - 1; at >= 4 * whole; at--) last = (last << 8) | (bytes[at] as number);
    words[whole] = last;
  }
}
