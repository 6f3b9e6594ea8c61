/**
 * From a cache key to the key columns of a row, and back. Pure.
 *
 * The two must correspond one to one: were "42" and "042" both to name row 42, they would be two
 * entries with two versions, perhaps on two nodes. So only the text that PostgreSQL itself would
 * write is a key.
 */
import { CacheError } from "@holdfast/core";
import type { KeyColumn, KeyType } from "./table-description.js";

const INTEGER = /^-?\d+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const INTEGER_BITS: Readonly<Partial<Record<KeyType, number>>> = { int2: 16, int4: 32, int8: 64 };

/**
 * The text of each key column.
 *
 * @throws {CacheError} `INVALID_ARGUMENT` when the key names no possible row, or names it in
 *   another form than PostgreSQL writes it.
 */
export function splitKey(
  key: string,
  columns: readonly KeyColumn[],
  separator: string,
): readonly string[] {
  const parts = columns.length === 1 ? [key] : key.split(separator);
  if (parts.length !== columns.length) {
    const names = columns.map(({ name }) => name).join(separator);
    throw invalid(`the key has ${parts.length} part(s); it reads ${names}`);
  }
  return columns.map((column, place) => {
    const part = parts[place] ?? "";
    checkPart(part, column);
    return part;
  });
}

/** The cache key of a row; `undefined` when it can have none. */
export function joinKey(
  parts: readonly (string | null | undefined)[],
  columns: readonly KeyColumn[],
  separator: string,
): string | undefined {
  const key = parts.slice(0, columns.length).join(separator);
  try {
    splitKey(key, columns, separator);
  } catch {
    return undefined;
  }
  const isComplete = columns.every((_, place) => typeof parts[place] === "string");
  return isComplete && key !== "" ? key : undefined;
}

function checkPart(part: string, { name, type, maxLength }: KeyColumn): void {
  const bits = INTEGER_BITS[type];
  if (bits !== undefined) {
    checkInteger(part, name, bits);
  } else if (type === "uuid") {
    checkUuid(part, name);
  } else if (part.includes("\0")) {
    throw invalid(`key column "${name}" is text, which cannot hold the character U+0000`);
  } else if (maxLength !== undefined && [...part].length > maxLength) {
    throw invalid(`key column "${name}" holds at most ${maxLength} characters`);
  }
}

function checkInteger(part: string, name: string, bits: number): void {
  if (!INTEGER.test(part)) throw invalid(`key column "${name}" is an integer; the key is not`);
  const value = BigInt(part);
  const canonical = value.toString();
  if (BigInt.asIntN(bits, value) !== value) {
    throw invalid(`key column "${name}" is an integer of ${bits} bits; the key is out of range`);
  }
  if (canonical !== part) throw invalid(`the integer in the key must be written "${canonical}"`);
}

function checkUuid(part: string, name: string): void {
  if (UUID.test(part)) return;
  const canonical = canonicalUuid(part);
  throw invalid(
    canonical === undefined
      ? `key column "${name}" is a uuid; the key is not`
      : `the uuid in the key must be written "${canonical}"`,
  );
}

/** PostgreSQL also reads upper case, braces, and other or no hyphens. */
function canonicalUuid(part: string): string | undefined {
  const digits = part.replace(/[{}-]/g, "").toLowerCase();
  const match = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(digits);
  return match === null ? undefined : match.slice(1).join("-");
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_ARGUMENT", message);
}
