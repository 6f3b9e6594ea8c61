/**
 * Arrays in PostgreSQL's binary format, made without an object or a text for each element. The driver
 * sends a Buffer as it is, in binary; from an array it makes text, which for bytes means hexadecimal
 * digits, quotes and twice the size, on the thread that everything else of a node waits for.
 *
 * The format: dimensions, whether there are nulls, the elements' type, then for the one dimension its
 * length and first index; then each element's length, -1 for null, and its bytes.
 */

/** The element types, by what pg_type has for them. */
const OID = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25 } as const;

const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const TWO_TO_32 = 2 ** 32;

/** `bytea[]` of strings, as UTF-8. */
export function keyArray(keys: readonly string[]): Buffer {
  let bytes = 0;
  for (const key of keys) bytes += LENGTH_BYTES + Buffer.byteLength(key);
  const array = header(OID.bytea, keys.length, bytes);
  let at = HEADER_BYTES;
  for (const key of keys) {
    const length = array.write(key, at + LENGTH_BYTES);
    array.writeInt32BE(length, at);
    at += LENGTH_BYTES + length;
  }
  return array;
}

/** `bytea[]`; `undefined`: null. */
export function bytesArray(values: readonly (Uint8Array | undefined)[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += LENGTH_BYTES + (value?.byteLength ?? 0);
  const array = header(OID.bytea, values.length, bytes);
  let at = HEADER_BYTES;
  for (const value of values) {
    array.writeInt32BE(value?.byteLength ?? -1, at);
    at += LENGTH_BYTES;
    if (value === undefined) continue;
    array.set(value, at);
    at += value.byteLength;
  }
  return array;
}

/** `text[]`, all elements the same. */
export function repeatedText(text: string, count: number): Buffer {
  const length = Buffer.byteLength(text);
  const element = Buffer.alloc(LENGTH_BYTES + length);
  element.writeInt32BE(length, 0);
  element.write(text, LENGTH_BYTES);
  const array = header(OID.text, count, count * element.length);
  if (count > 0) array.fill(element, HEADER_BYTES);
  return array;
}

/** `bigint[]` of safe integers; `undefined`: null. */
export function bigintArray(values: readonly (number | undefined)[]): Buffer {
  let nulls = 0;
  for (const value of values) if (value === undefined) nulls += 1;
  const array = header(OID.int8, values.length, values.length * (LENGTH_BYTES + 8) - nulls * 8);
  let at = HEADER_BYTES;
  for (const value of values) {
    if (value === undefined) {
      at = array.writeInt32BE(-1, at);
      continue;
    }
    const high = Math.floor(value / TWO_TO_32);
    at = array.writeInt32BE(8, at);
    at = array.writeInt32BE(high, at);
    at = array.writeUInt32BE(value - high * TWO_TO_32, at);
  }
  return array;
}

/** `integer[]`. */
export function integerArray(values: readonly number[]): Buffer {
  const array = header(OID.int4, values.length, values.length * (LENGTH_BYTES + 4));
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(4, at);
    at = array.writeInt32BE(value, at);
  }
  return array;
}

/** `boolean[]`. */
export function booleanArray(values: readonly boolean[]): Buffer {
  const array = header(OID.bool, values.length, values.length * (LENGTH_BYTES + 1));
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(1, at);
    at = array.writeUInt8(value ? 1 : 0, at);
  }
  return array;
}

/** An array of that size with its header; elements follow at `HEADER_BYTES`. */
function header(oid: number, length: number, elementsBytes: number): Buffer {
  const array = Buffer.allocUnsafe(HEADER_BYTES + elementsBytes);
  array.writeInt32BE(1, 0);
  // A hint only: the server looks at each element.
  array.writeInt32BE(1, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}
