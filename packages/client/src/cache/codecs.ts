/**
 * How values become bytes and back. A codec has a number that is stored with every value it wrote,
 * so that a reader with another codec gets an error that says so instead of a wrong value.
 *
 * Decoders do not keep the bytes that they are given: those are a slice of a message, which a long-lived value would
 * keep in memory whole. Only whoever asks for that gets it.
 */
import { isUint8Array } from "node:util/types";
import { CacheError } from "@holdfast/core";
import { CODEC, codecOf, decompress, type ReplyReader } from "@holdfast/proto";
import { Packr } from "msgpackr";

/** Turns values of one type into bytes and back. Implement it for a format of your own. */
export interface Codec<T> {
  /**
   * Stored with each value: 0 bytes, 1 JSON, 2 string, 3 MessagePack. Numbers from 64 to 255 are
   * free for applications.
   */
  readonly encoding: number;
  encode(value: T): Uint8Array;
  /** `bytes` are valid only during the call: copy what is to stay. */
  decode(bytes: Uint8Array): T;
}

/**
 * JSON, the default. It also reads rows of database tables and counters made by `increment`.
 * The type is the caller's claim: nothing is checked when a value is read.
 */
export function json<T = unknown>(): Codec<T> {
  return {
    encoding: CODEC.json,
    encode(value) {
      const text = JSON.stringify(value);
      // A function, a symbol or undefined has no JSON form, and stringify says so with undefined.
      if (text === undefined) {
        throw new CacheError("INVALID_ARGUMENT", `a ${typeof value} has no JSON form`);
      }
      return Buffer.from(text);
    },
    // The type parameter is the caller's claim about what was written.
    decode: decodeJson as (bytes: Uint8Array) => T,
  };
}

/** Text as UTF-8. A lone surrogate becomes U+FFFD. */
export function string(): Codec<string> {
  return {
    encoding: CODEC.string,
    encode: (value) => Buffer.from(value),
    decode: decodeText,
  };
}

export interface BytesOptions {
  /**
   * Whether what is read is a copy. `false`: it is a part of the message that it came in, which saves a sixth of the
   * client's work for values of 16 KiB. The message, of 128 KiB or one larger value, stays in memory for as long as any
   * value of it does. For values that are passed on and forgotten. Default: `true`.
   */
  readonly copy?: boolean;
}

/**
 * Bytes as they are. What is read is a copy that belongs to the caller, unless `copy` is `false`; a small one shares
 * 8 KiB of memory with others, as small Buffers of Node's do.
 */
export function bytes({ copy = true }: BytesOptions = {}): Codec<Uint8Array> {
  return {
    encoding: CODEC.bytes,
    encode(value) {
      if (isUint8Array(value)) return value;
      throw new CacheError("INVALID_ARGUMENT", `the bytes codec takes a Uint8Array`);
    },
    decode: copy ? copyBytes : keepBytes,
  };
}

/**
 * MessagePack: smaller than JSON, and keeps dates and binary data. A `Map` comes back as an object,
 * and a property named `__proto__` as `__proto_`.
 */
export function msgpack<T = unknown>(): Codec<T> {
  // Records are an extension that only msgpackr reads; without them any MessagePack library can.
  const packr = new Packr({ useRecords: false, copyBuffers: true });
  return {
    encoding: CODEC.msgpack,
    encode: (value) => packr.pack(value),
    // The type parameter is the caller's claim about what was written.
    decode: (encoded) => packr.unpack(encoded) as T,
  };
}

function decodeJson(encoded: Uint8Array): unknown {
  return JSON.parse(decodeText(encoded));
}

function decodeText(encoded: Uint8Array): string {
  return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength).toString("utf8");
}

function copyBytes(encoded: Uint8Array): Uint8Array {
  // Memory of its own would take ten times as long to get.
  const copy = Buffer.allocUnsafe(encoded.length);
  copy.set(encoded);
  return copy;
}

function keepBytes(encoded: Uint8Array): Uint8Array {
  return encoded;
}

/** Reads the value of a reply; `undefined` when it has none. */
export type ValueReader<T> = (replies: ReplyReader, index: number) => T | undefined;

/** What is decoded within the message, without a Buffer of its own, by the decoder that does it otherwise. */
const READERS: ReadonlyMap<unknown, ValueReader<unknown>> = new Map<unknown, ValueReader<unknown>>([
  [decodeJson, (replies, index) => JSON.parse(textOf(replies, index))],
  [decodeText, textOf],
  [copyBytes, (replies, index) => replies.copy(index)],
  [keepBytes, partOf],
]);

function textOf(replies: ReplyReader, index: number): string {
  return replies.bytes(index).toString("utf8", replies.start(index), replies.end(index));
}

function partOf(replies: ReplyReader, index: number): Buffer {
  return replies.bytes(index).subarray(replies.start(index), replies.end(index));
}

/** As `decodeValue`, of replies. */
export function valueReader<T>(codec: Codec<T>): ValueReader<T> {
  // It does what the codec's own decoder does.
  const read = READERS.get(codec.decode) as ValueReader<T> | undefined;
  return (replies, index) => {
    if (!replies.hasValue(index)) return undefined;
    const encoding = replies.encodings[index] as number;
    if (read === undefined || encoding !== codec.encoding) {
      return decodeValue(codec, partOf(replies, index), encoding);
    }
    try {
      return read(replies, index);
    } catch (error) {
      throw notInForm(encoding, error);
    }
  };
}

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(CODEC).map(([name, number]) => [number, name]),
);

function nameOf(encoding: number): string {
  return NAMES[encoding] ?? `codec ${encoding}`;
}

/**
 * Decodes a value after checking that this codec wrote it, and decompresses it before if need be. That
 * happens on the spot, whatever its size: it takes about as long as the parsing of JSON that follows.
 *
 * @throws {CacheError}
 *   - `INVALID_ARGUMENT`: another codec wrote it, or the bytes are not in the codec's form; or they
 *     are damaged, or compressed with something that this version of Node.js or of the client does
 *     not know.
 *   - `VALUE_TOO_LARGE`: decompressed it would be larger than any value may be.
 */
export function decodeValue<T>(codec: Codec<T>, stored: Uint8Array, encoding: number): T {
  const written = codecOf(encoding);
  if (written !== codec.encoding) {
    throw new CacheError(
      "INVALID_ARGUMENT",
      `the value was written as ${nameOf(written)} and is read as ${nameOf(codec.encoding)}`,
    );
  }
  const encoded = decompress({ value: stored, encoding });
  try {
    return codec.decode(encoded);
  } catch (error) {
    throw notInForm(written, error);
  }
}

function notInForm(encoding: number, cause: unknown): CacheError {
  return new CacheError("INVALID_ARGUMENT", `the value is not ${nameOf(encoding)}`, { cause });
}

/** Encodes a value; whatever the codec throws, or returns instead of bytes, becomes `INVALID_ARGUMENT`. */
export function encodeValue<T>(codec: Codec<T>, value: T): Uint8Array {
  const encoded = encode(codec, value);
  if (encoded instanceof Uint8Array) return encoded;
  // Test runners and `node:vm` have a `Uint8Array` of their own.
  if (isUint8Array(encoded)) {
    const { buffer, byteOffset, byteLength } = encoded as Uint8Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  const codecName = nameOf(codec.encoding);
  throw new CacheError("INVALID_ARGUMENT", `encode of ${codecName} must return a Uint8Array`);
}

function encode<T>(codec: Codec<T>, value: T): unknown {
  try {
    return codec.encode(value);
  } catch (error) {
    if (error instanceof CacheError) throw error;
    throw new CacheError("INVALID_ARGUMENT", `the value cannot be written`, { cause: error });
  }
}

/** @throws {CacheError} `INVALID_ARGUMENT` when a codec's number is out of range. */
export function checkCodec(codec: Codec<unknown>): void {
  const { encoding } = codec;
  if (Number.isInteger(encoding) && encoding >= 0 && encoding <= 255) return;
  throw new CacheError("INVALID_ARGUMENT", `codec encoding is ${encoding}; it must be 0 to 255`);
}
