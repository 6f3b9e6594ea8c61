/**
 * From key to partition. The 32-bit hash space is divided into equal, contiguous ranges; a
 * partition is one of them, numbered from the lowest hash. Which node owns a partition is the
 * topology's matter.
 */
import { CacheError } from "./errors.js";
import { hash32, hash32OfAscii } from "./hash.js";

/** Fewest and most partitions of a cluster. Their number is a power of two. */
export const MIN_PARTITIONS = 2;
export const MAX_PARTITIONS = 16_384;
export const DEFAULT_PARTITIONS = 1_024;

/** Longest key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 512;

/** Largest value that any cache may be configured to take, in bytes. */
export const MAX_VALUE_BYTES: number = 4 * 2 ** 20;

/** How a cluster places keys; fixed when the cluster is created. */
export interface Placement {
  /** How many partitions there are; a power of two from 2 to 16,384. */
  readonly partitions: number;
  /** Unsigned 32-bit seed of the hash. */
  readonly hashSeed: number;
}

export function isPartitionCount(count: number): boolean {
  return (
    Number.isInteger(count) &&
    count >= MIN_PARTITIONS &&
    count <= MAX_PARTITIONS &&
    (count & (count - 1)) === 0
  );
}

/** The partition that a key's UTF-8 bytes fall into. Constant time for a given key length. */
export function partitionOf(keyBytes: Uint8Array, placement: Placement): number {
  return partitionOfHash(hash32(keyBytes, placement.hashSeed), placement);
}

/**
 * As `partitionOf`, of a key as text.
 *
 * @throws {CacheError} as `encodeKey` does.
 */
export function partitionOfKey(key: string, placement: Placement): number {
  const isShort = key.length > 0 && key.length <= SHORT_LENGTH;
  const hash = isShort ? hash32OfAscii(key, placement.hashSeed) : undefined;
  if (hash === undefined) return partitionOf(encodeKey(key), placement);
  return partitionOfHash(hash, placement);
}

/** As `partitionOf`, of a key whose hash under the placement's seed is known. */
export function partitionOfHash(hash: number, { partitions }: Placement): number {
  // The highest bits: a partition is a range of hashes, and P = 2 means "which half".
  return hash >>> (1 + Math.clz32(partitions));
}

/**
 * Encodes a key as the bytes that identify it.
 *
 * @throws {CacheError} `INVALID_ARGUMENT` when the key is empty, longer than 512 bytes, or holds
 *   a lone surrogate (two such keys would become the same bytes).
 */
export function encodeKey(key: string): Uint8Array {
  const ascii = encodeShortAscii(key);
  if (ascii !== undefined) return ascii;
  if (!isWellFormed(key)) {
    throw new CacheError(
      "INVALID_ARGUMENT",
      "key holds a lone surrogate, so it is not valid Unicode",
    );
  }
  checkKeyLength(Buffer.byteLength(key));
  return Buffer.from(key);
}

/**
 * Decodes a key that came over the wire.
 *
 * @throws {CacheError} `INVALID_ARGUMENT` when it is empty, too long, or not well-formed UTF-8.
 */
export function decodeKey(bytes: Uint8Array): string {
  checkKeyLength(bytes.length);
  const ascii = decodeShortAscii(bytes);
  if (ascii !== undefined) return ascii;
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new CacheError("INVALID_ARGUMENT", "key is not well-formed UTF-8", { cause: error });
  }
}

// ignoreBOM: a leading U+FEFF is part of the key; without it two keys would become one.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function checkKeyLength(bytes: number): void {
  if (bytes === 0)
    throw new CacheError("INVALID_ARGUMENT", "key is empty; it needs 1 to 512 bytes");
  if (bytes > MAX_KEY_BYTES) {
    throw new CacheError(
      "INVALID_ARGUMENT",
      `key has ${bytes} bytes of UTF-8; at most ${MAX_KEY_BYTES} are allowed`,
    );
  }
}

/** As nearly all keys are: for them a loop is faster than a call of the runtime's. */
const SHORT_LENGTH = 64;

function encodeShortAscii(key: string): Uint8Array | undefined {
  const { length } = key;
  if (length === 0 || length > SHORT_LENGTH) return undefined;
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) {
    const code = key.charCodeAt(index);
    if (code >= 0x80) return undefined;
    bytes[index] = code;
  }
  return bytes;
}

function decodeShortAscii(bytes: Uint8Array): string | undefined {
  const { length } = bytes;
  if (length > SHORT_LENGTH) return undefined;
  for (let index = 0; index < length; index++) {
    if ((bytes[index] as number) >= 0x80) return undefined;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
}

/** `String.prototype.isWellFormed` exists on every supported Node; TypeScript's es2023 lacks it. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
