/**
 * What a caller may say about the compression of values, with its defaults, and the check of it. Who
 * reads needs none of this: each value says by itself what it is compressed with.
 */
import { CacheError } from "@holdfast/core";
import {
  COMPRESSION_LEVELS,
  type CompressionMethod,
  type CompressionName,
  hasCompression,
} from "@holdfast/proto";

export interface CompressionOptions {
  /**
   * Encoded values from this size on are compressed. Default: 4,096. Smaller ones have little to save,
   * for a time that hardly depends on their size.
   */
  readonly thresholdBytes?: number | undefined;

  /**
   * Default: `"gzip"`, which every client can read, and most languages without a library.
   * `"brotli"` writes faster, and has no checksum. `"zstd"` is faster both ways, and needs Node.js
   * 22.15 or later in every process that reads the cache: choose it once they all have that.
   */
  readonly algorithm?: CompressionName | undefined;

  /** 1 to 9 for gzip, 0 to 11 for brotli, 1 to 22 for zstd. Default: 1, the fastest that is any good. */
  readonly level?: number | undefined;
}

/**
 * How large values are compressed before they are sent; they stay so in the memory of nodes, in
 * journals and in Holdfast's own table. `false`: not at all. A value that does not become at least a
 * tenth smaller is sent as it is.
 *
 * Caches of tables take documents uncompressed, and get them like that: nodes make rows of them.
 */
export type Compression = CompressionOptions | false;

/** Complete and checked. */
export interface CompressionSettings extends CompressionMethod {
  readonly thresholdBytes: number;
}

/** By bench/compression.mjs: there and back, a byte less costs half of what it does at 1 KiB. */
const DEFAULT_THRESHOLD_BYTES = 4_096;

const OPTIONS: readonly string[] = ["thresholdBytes", "algorithm", "level"];

/**
 * @returns `undefined`: nothing is to be compressed.
 * @throws {CacheError} `INVALID_ARGUMENT`.
 */
export function checkCompression(given: Compression = {}): CompressionSettings | undefined {
  if (given === false) return undefined;
  if (typeof given !== "object" || given === null) {
    throw invalid(`compression is ${String(given)}; it must be false or an object`);
  }
  const unknown = Object.keys(given).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw invalid(`compression has no option ${unknown}`);
  const { thresholdBytes = DEFAULT_THRESHOLD_BYTES, algorithm = "gzip" } = given;
  if (!Number.isInteger(thresholdBytes) || thresholdBytes < 1) {
    throw invalid(
      `compression.thresholdBytes is ${thresholdBytes}; it must be a whole number of at least 1`,
    );
  }
  if (!Object.hasOwn(COMPRESSION_LEVELS, algorithm)) {
    const names = Object.keys(COMPRESSION_LEVELS).join(", ");
    throw invalid(`compression.algorithm is "${algorithm}"; it must be one of ${names}`);
  }
  if (!hasCompression(algorithm)) {
    throw invalid(
      `compression.algorithm is "${algorithm}", which Node.js ${process.version} does not have; ` +
        "22.15 and later do",
    );
  }
  const { min, max, usual } = COMPRESSION_LEVELS[algorithm];
  const { level = usual } = given;
  if (!Number.isInteger(level) || level < min || level > max) {
    throw invalid(`compression.level is ${level}; for ${algorithm} it must be ${min} to ${max}`);
  }
  return { thresholdBytes, algorithm, level };
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_ARGUMENT", message);
}
