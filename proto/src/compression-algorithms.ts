/**
 * The algorithms that values may be compressed with: for each its number, its levels and its functions,
 * as far as this Node.js has them. When they are used, and what becomes of their errors, is
 * compression.ts's matter. For another algorithm add a row, and its name to `CompressionName`.
 */
import { promisify } from "node:util";
import zlib from "node:zlib";

export type CompressionName = "gzip" | "brotli" | "zstd";

export interface Algorithm {
  /** Stored with each value: never used again for anything else. */
  readonly number: number;
  readonly levels: CompressionLevels;
  /** `undefined`: this Node.js does not have it. */
  readonly functions: CompressionFunctions | undefined;
}

export interface CompressionLevels {
  readonly min: number;
  readonly max: number;
  /** What is used where nobody says otherwise: the fastest, by bench/compression.mjs. */
  readonly usual: number;
}

export interface CompressionFunctions {
  compress(plain: Uint8Array, level: number): Buffer;
  /** The same on a thread of Node's pool. */
  compressOnPool(plain: Uint8Array, level: number): Promise<Buffer>;
  /** Throws whatever zlib throws, `ERR_BUFFER_TOO_LARGE` for output above the bound. */
  decompress(compressed: Uint8Array, bounds: OutputBounds): Buffer;
}

export interface OutputBounds {
  readonly chunkSize: number;
  readonly maxOutputLength: number;
}

/** What zlib has since Node.js 22.15, and the types for Node.js 20 do not name. */
interface Zstd {
  zstdCompressSync?(plain: Uint8Array, options: object): Buffer;
  zstdCompress?(plain: Uint8Array, options: object, done: Done): void;
  zstdDecompressSync?(compressed: Uint8Array, options: object): Buffer;
  readonly constants: Readonly<Record<string, number>>;
}

type Done = (error: Error | null, compressed: Buffer) => void;

/** Largest window that is taken from a frame: what RFC 8878 asks every decoder to have, 8 MiB. */
const ZSTD_WINDOW_LOG_MAX = 23;

/** Magic number and descriptor; and with window, dictionary and content size, as long as they may be. */
const ZSTD_HEADER_BYTES = { min: 5, max: 18 };

const { constants } = zlib;
const gzipOnPool = promisify(zlib.gzip);
const brotliOnPool = promisify(zlib.brotliCompress);

export const ALGORITHMS: Readonly<Record<CompressionName, Algorithm>> = {
  gzip: {
    number: 1,
    levels: { min: 1, max: 9, usual: 1 },
    functions: {
      compress: (plain, level) => zlib.gzipSync(plain, { level, ...chunksFor(plain) }),
      compressOnPool: (plain, level) => gzipOnPool(plain, { level, ...chunksFor(plain) }),
      decompress: (compressed, bounds) => zlib.gunzipSync(compressed, bounds),
    },
  },
  brotli: {
    number: 2,
    levels: { min: 0, max: 11, usual: 1 },
    functions: {
      compress: (plain, level) => zlib.brotliCompressSync(plain, brotliOptions(plain, level)),
      compressOnPool: (plain, level) => brotliOnPool(plain, brotliOptions(plain, level)),
      decompress: (compressed, bounds) => zlib.brotliDecompressSync(compressed, bounds),
    },
  },
  zstd: {
    number: 3,
    levels: { min: 1, max: 22, usual: 1 },
    // The functions are looked for before they are used.
    functions: zstdFunctions(zlib as unknown as Zstd),
  },
};

function brotliOptions(plain: Uint8Array, level: number): zlib.BrotliOptions {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: level,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.byteLength,
  };
  return { params, ...chunksFor(plain) };
}

function zstdFunctions(found: Zstd): CompressionFunctions | undefined {
  const { zstdCompressSync, zstdCompress, zstdDecompressSync } = found;
  if (!zstdCompressSync || !zstdCompress || !zstdDecompressSync) return undefined;
  const onPool = promisify(zstdCompress);
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_d_windowLogMax } = found.constants;
  const optionsFor = (plain: Uint8Array, level: number) => ({
    // Stated, the size bounds the window, and tells a value that was cut off.
    pledgedSrcSize: plain.byteLength,
    params: { [Number(ZSTD_c_compressionLevel)]: level, [Number(ZSTD_c_checksumFlag)]: 1 },
    ...chunksFor(plain),
  });
  const params = { [Number(ZSTD_d_windowLogMax)]: ZSTD_WINDOW_LOG_MAX };
  return {
    compress: (plain, level) => zstdCompressSync(plain, optionsFor(plain, level)),
    compressOnPool: (plain, level) => onPool(plain, optionsFor(plain, level)),
    decompress(compressed, bounds) {
      const plain = zstdDecompressSync(compressed, { params, ...bounds });
      // The first versions that have zstd take a frame that was cut off for a shorter one.
      if (plain.byteLength === (zstdContentBytes(compressed) ?? plain.byteLength)) return plain;
      throw new Error("the frame holds less than it says");
    },
  };
}

/** What the header of a frame says of its content (RFC 8878, section 3.1.1.1); `undefined`: nothing. */
function zstdContentBytes(frame: Uint8Array): number | undefined {
  if (frame.byteLength < ZSTD_HEADER_BYTES.min) throw new Error("the frame has no header");
  const header = new Uint8Array(ZSTD_HEADER_BYTES.max);
  header.set(frame.subarray(0, ZSTD_HEADER_BYTES.max));
  const view = new DataView(header.buffer);
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? view.getUint8(at) : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

/**
 * Output is made in pieces of this size, each allocated whole. With zlib's own 16 KiB, what is left of
 * a value of 4 KiB would keep four times the value's memory as long as it is on its way.
 */
function chunksFor(plain: Uint8Array): { readonly chunkSize: number } {
  return { chunkSize: Math.min(Math.max(plain.byteLength >> 1, 64), 256 * 1024) };
}
