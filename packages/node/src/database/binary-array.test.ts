import { describe, expect, it } from "vitest";
import {
  bigintArray,
  booleanArray,
  bytesArray,
  integerArray,
  keyArray,
  repeatedText,
} from "./binary-array.js";

/** The elements of an array in binary form, and their type. */
function parse(array: Buffer): { readonly oid: number; readonly elements: (Buffer | null)[] } {
  expect([array.readInt32BE(0), array.readInt32BE(16)]).toEqual([1, 1]);
  const elements: (Buffer | null)[] = [];
  let at = 20;
  for (let left = array.readInt32BE(12); left > 0; left--) {
    const length = array.readInt32BE(at);
    at += 4;
    elements.push(length < 0 ? null : array.subarray(at, at + length));
    at += Math.max(0, length);
  }
  expect(at).toBe(array.length);
  return { oid: array.readInt32BE(8), elements };
}

// That PostgreSQL reads them so is the matter of the sources' contract suite.
describe("binary arrays", () => {
  it("hold keys as UTF-8, and values as they are", () => {
    const keys = parse(keyArray(["a", "", "Schlüssel 🔑"]));
    expect(keys.oid).toBe(17);
    expect(keys.elements.map(String)).toEqual(["a", "", "Schlüssel 🔑"]);
    const values = parse(bytesArray([new Uint8Array([0, 255]), undefined, new Uint8Array()]));
    expect(values.elements).toEqual([Buffer.from([0, 255]), null, Buffer.alloc(0)]);
  });

  it("hold every integer that versions and instants can be, and nulls", () => {
    const numbers = [0, 1, -1, -(2 ** 33) - 5, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
    const { oid, elements } = parse(bigintArray([...numbers, undefined]));
    expect(oid).toBe(20);
    expect(elements.map((element) => element && Number(element.readBigInt64BE()))).toEqual([
      ...numbers,
      null,
    ]);
    expect(parse(integerArray([0, -1, 65_535])).elements.map((e) => e?.readInt32BE())).toEqual([
      0, -1, 65_535,
    ]);
  });

  it("hold booleans, and one text many times", () => {
    expect(parse(booleanArray([true, false])).elements).toEqual([
      Buffer.from([1]),
      Buffer.from([0]),
    ]);
    expect(parse(repeatedText("caché", 3)).elements.map(String)).toEqual([
      "caché",
      "caché",
      "caché",
    ]);
    expect(parse(repeatedText("c", 0)).elements).toEqual([]);
  });
});
