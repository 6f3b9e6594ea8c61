import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyColumn, KeyType } from "./table-description.js";
import { joinKey, splitKey } from "./table-keys.js";

function column(type: KeyType, maxLength?: number): KeyColumn {
  return {
    name: "id",
    type,
    maxLength,
    isNullable: false,
    isWritable: true,
  };
}

/** Texts that PostgreSQL would write for values of each type. */
const CANONICAL: Readonly<Record<KeyType, fc.Arbitrary<string>>> = {
  int2: fc.integer({ min: -32_768, max: 32_767 }).map(String),
  int4: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(String),
  int8: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  uuid: fc.uuid(),
  text: fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
  varchar: fc.string({ unit: "binary", maxLength: 8 }).filter((text) => !text.includes("\0")),
};

const types = fc.constantFrom(...(Object.keys(CANONICAL) as KeyType[]));

const keys = fc
  .array(types, { minLength: 1, maxLength: 3 })
  .chain((chosen) =>
    fc.record({
      columns: fc.constant(chosen.map((type) => column(type))),
      parts: fc.tuple(...chosen.map((type) => CANONICAL[type])),
    }),
  )
  .filter(({ parts }) => parts.length === 1 || parts.every((part) => !part.includes(":")));

describe("keys of tables", () => {
  it("come back from their parts, and their parts from them", () => {
    fc.assert(
      fc.property(keys, ({ columns, parts }) => {
        const key = parts.join(":");
        expect(splitKey(key, columns, ":")).toEqual(parts);
        expect(joinKey(parts, columns, ":")).toBe(key === "" ? undefined : key);
      }),
    );
  });

  it("name a row in one way only: two keys of one integer or uuid are the same key", () => {
    const loose = fc.oneof(
      fc.string({ unit: fc.constantFrom("0", "1", "9", "-", "+", " ", "a", "F", "{", "}") }),
      fc.uuid().map((uuid) => uuid.toUpperCase()),
      fc.bigInt().map(String),
    );
    fc.assert(
      fc.property(loose, fc.constantFrom<KeyType>("int2", "int4", "int8", "uuid"), (key, type) => {
        let isKey = true;
        try {
          splitKey(key, [column(type)], ":");
        } catch {
          isKey = false;
        }
        if (!isKey) return;
        const canonical = type === "uuid" ? key.toLowerCase() : BigInt(key).toString();
        expect(key).toBe(canonical);
      }),
    );
  });

  it.each([
    ["int2", "32768", 'key column "id" is an integer of 16 bits; the key is out of range'],
    ["int8", "9223372036854775808", 'key column "id" is an integer of 64 bits; the key is out'],
    ["int4", "007", 'the integer in the key must be written "7"'],
    ["int4", "", 'key column "id" is an integer; the key is not'],
    ["uuid", "42", 'key column "id" is a uuid; the key is not'],
    [
      "uuid",
      "{AAAAAAAA-0000-4000-8000-000000000001}",
      'the uuid in the key must be written "aaaaaaaa-0000-4000-8000-000000000001"',
    ],
    ["text", "a\0b", 'key column "id" is text, which cannot hold the character U+0000'],
  ] as const)("of %s are not %j", (type, key, message) => {
    expect(() => splitKey(key, [column(type)], ":")).toThrow(message);
  });

  it("count characters as PostgreSQL does, not UTF-16 units", () => {
    expect(splitKey("💥💥", [column("varchar", 2)], ":")).toEqual(["💥💥"]);
    expect(() => splitKey("abc", [column("varchar", 2)], ":")).toThrow("at most 2 characters");
  });

  it("are none for rows with a null in them, or with the separator in a text of several", () => {
    const two = [column("text"), column("int4")];
    expect(joinKey([null, "1"], two, ":")).toBeUndefined();
    expect(joinKey(["a:b", "1"], two, ":")).toBeUndefined();
    expect(joinKey(["a", "1", "surplus"], two, ":")).toBe("a:1");
    expect(joinKey(["a"], two, ":")).toBeUndefined();
  });
});
