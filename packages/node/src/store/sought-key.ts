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

/** Keys as a message brings them: each is a part of the same bytes. Others may come in their place later. */
export interface KeysOfMessage {
  readonly bytes: Buffer;
  /** From where to before where each of them lies. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** @throws {CacheError} `INVALID_ARGUMENT` when bytes are no key. */
export function textOf(key: Key): string {
  return typeof key === "string" ? key : decodeKey(key);
}

export class SoughtKey {
  readonly #hashSeed: number;
  readonly #text = Buffer.allocUnsafe(3 * MAX_KEY_BYTES);
  /** The key is `length` of these bytes, from `start` on. */
  bytes: Uint8Array = this.#text;
  start = 0;
  /** The same; zeros fill the last word up. */
  readonly words: Uint32Array = new Uint32Array(MAX_KEY_BYTES / 4);
  length = 0;
  hash = 0;

  constructor(hashSeed: number) {
    this.#hashSeed = hashSeed;
  }

  /** Returns whether there can be such a key. */
  set(key: Key): boolean {
    if (typeof key !== "string") return this.setPart(key, 0, key.length);
    return this.setPart(
      this.#text,
      0,
      key.length > MAX_KEY_BYTES ? key.length : this.#text.write(key),
    );
  }

  /** As `set`, of a part of bytes: from `start` to before `end`. */
  setPart(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.start = start;
    this.length = end - start;
    if (this.length > MAX_KEY_BYTES) return false;
    this.#fillWords();
    this.hash = hash32OfWords(this.words, this.#hashSeed, 0, this.length);
    return true;
  }

  /** Whether it is a key of letters of ASCII alone, which is well-formed in any case. */
  isAscii(): boolean {
    if (this.length === 0 || this.length > MAX_KEY_BYTES) return false;
    let bits = 0;
    for (let index = 0; index < this.length; index += 4) bits |= this.words[index >>> 2] as number;
    return (bits & 0x80808080) === 0;
  }

  /** @throws {CacheError} `INVALID_ARGUMENT` when it is empty or too long. */
  check(): void {
    if (this.length > 0 && this.length <= MAX_KEY_BYTES) return;
    const problem = `key has ${this.length} bytes; it needs 1 to ${MAX_KEY_BYTES}`;
    throw new CacheError("INVALID_ARGUMENT", problem);
  }

  #fillWords(): void {
    const { bytes, start, length, words } = this;
    const whole = length >>> 2;
    for (let index = 0, at = start; index < whole; index++, at += 4) {
      // Within the key, hence the casts.
      words[index] =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
    }
    if ((length & 3) === 0) return;
    let last = 0;
    for (let at = start + length - 1; at >= start + 4 * whole; at--)
      last = (last << 8) | (bytes[at] as number);
    words[whole] = last;
  }
}
