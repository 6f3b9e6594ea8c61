/**
 * Compressed values: compressing one, and reading one that somebody has compressed, whatever with. By
 * which algorithm stands in the value's encoding, beside its codec. Clients do it; nodes hand values on
 * as they are. Which values are worth it is for those to decide who write them.
 *
 * Whatever a value claims to be, reading it ends with its bytes or with a CacheError, and takes no more
 * memory than the largest value that there may be.
 */
import { CacheError, MAX_VALUE_BYTES } from "@holdfast/core";
import {
  ALGORITHMS,
  type CompressionFunctions,
  type CompressionLevels,
  type CompressionName,
} from "./compression-algorithms.js";
import { codecOf, compressionOf, withCompression } from "./encoding.js";

/** A value as it is stored. */
export interface EncodedValue {
  readonly value: Uint8Array;
  readonly encoding: number;
}

/** How to compress. */
export interface CompressionMethod {
  readonly algorithm: CompressionName;
  readonly level: number;
}

/** Compressed to more than this share of its size, a value is better left alone: each read would pay. */
const WORTHWHILE_SHARE = 0.9;

export const COMPRESSION_LEVELS: Readonly<Record<CompressionName, CompressionLevels>> = {
  gzip: ALGORITHMS.gzip.levels,
  brotli: ALGORITHMS.brotli.levels,
  zstd: ALGORITHMS.zstd.levels,
};

const NAMES: ReadonlyMap<number, CompressionName> = new Map(
  // The table's keys are the names.
  (Object.keys(ALGORITHMS) as CompressionName[]).map((name) => [ALGORITHMS[name].number, name]),
);

/** Whether this Node.js can compress and decompress with an algorithm. */
export function hasCompression(name: CompressionName): boolean {
  return ALGORITHMS[name].functions !== undefined;
}

/** What a value is compressed with, for people; `undefined`: it is not. */
export function compressionNameOf(encoding: number): string | undefined {
  const number = compressionOf(encoding);
  return number === 0 ? undefined : (nameOf(number) ?? `algorithm ${number}`);
}

/** The value as it is, where compressing it saves too little. */
export function compress(
  plain: EncodedValue,
  { algorithm, level }: CompressionMethod,
): EncodedValue {
  return smaller(plain, algorithm, functionsOf(algorithm).compress(plain.value, level));
}

/** As `compress`, computed on a thread of Node's pool. `plain` must stay as it is meanwhile. */
export async function compressOnPool(
  plain: EncodedValue,
  { algorithm, level }: CompressionMethod,
): Promise<EncodedValue> {
  const compressed = await functionsOf(algorithm).compressOnPool(plain.value, level);
  return smaller(plain, algorithm, compressed);
}

/**
 * The bytes that a value's codec has made; those that are given, where they are not compressed.
 *
 * @throws {CacheError}
 *   - `INVALID_ARGUMENT`: the value is damaged, or compressed in a way that is not known here.
 *   - `VALUE_TOO_LARGE`: it would have more bytes than any value may have.
 */
export function decompress({ value, encoding }: EncodedValue): Uint8Array {
  const number = compressionOf(encoding);
  if (number === 0) return value;
  const name = nameOf(number);
  if (name === undefined) {
    throw invalid(`the value is compressed with algorithm ${number}, which is not known here`);
  }
  const functions = functionsOf(name);
  // Three times as large is usual; what becomes larger is put together from several pieces.
  const chunkSize = Math.min(Math.max(value.byteLength * 3, 1_024), 1024 * 1024);
  try {
    return functions.decompress(value, { chunkSize, maxOutputLength: MAX_VALUE_BYTES });
  } catch (cause) {
    if (isTooLarge(cause)) {
      const message = `decompressed, the value has more than ${MAX_VALUE_BYTES} bytes`;
      throw new CacheError("VALUE_TOO_LARGE", message, { cause });
    }
    throw invalid(`the value is damaged: it cannot be decompressed with ${name}`, cause);
  }
}

function smaller(plain: EncodedValue, algorithm: CompressionName, value: Buffer): EncodedValue {
  if (value.byteLength > plain.value.byteLength * WORTHWHILE_SHARE) return plain;
  const encoding = withCompression(codecOf(plain.encoding), ALGORITHMS[algorithm].number);
  return { value, encoding };
}

/** @throws {CacheError} `INVALID_ARGUMENT` when this Node.js does not have the algorithm. */
function functionsOf(name: CompressionName): CompressionFunctions {
  const { functions } = ALGORITHMS[name];
  if (functions !== undefined) return functions;
  throw invalid(
    `the value is compressed with ${name}, which Node.js ${process.version} does not have; ` +
      "22.15 and later do",
  );
}

function nameOf(number: number): CompressionName | undefined {
  return NAMES.get(number);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

function invalid(message: string, cause?: unknown): CacheError {
  return new CacheError("INVALID_ARGUMENT", message, { cause });
}
