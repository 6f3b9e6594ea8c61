import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DamagedRecordError,
  decodeRecord,
  encodeName,
  encodeRecord,
  type JournalRecord,
  slotOf,
  startOfSlot,
} from "./record.js";

const seed = testSeed();

const records: fc.Arbitrary<JournalRecord> = fc.record({
  cacheId: fc.nat({ max: 2 ** 32 - 1 }),
  partition: fc.nat({ max: 16_383 }),
  key: fc.string({ minLength: 1, maxLength: 100, unit: "grapheme" }),
  version: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  value: fc.option(fc.uint8Array({ maxLength: 500 }), { nil: undefined }),
  encoding: fc.nat({ max: 65_535 }),
  expiresAtMs: fc.option(fc.nat(), { nil: undefined }),
  writtenAtMs: fc.nat(),
});

describe("a journal's record", () => {
  it(`is read as it was written (seed ${seed})`, () => {
    fc.assert(
      fc.property(records, fc.nat({ max: 2 ** 32 - 2 }), (record, slot) => {
        const name = encodeName(slot, record);
        expect(slotOf(name)).toBe(slot);
        expect(decodeRecord(name, encodeRecord(name, record))).toEqual(record);
      }),
      { seed },
    );
  });

  it(`is known to be damaged by a single changed bit, in its name too (seed ${seed})`, () => {
    fc.assert(
      fc.property(records, fc.nat(), (record, position) => {
        const name = encodeName(7, record);
        const bytes = encodeRecord(name, record);
        const bit = position % ((name.length + bytes.length) * 8);
        const target = bit < name.length * 8 ? name : bytes;
        const offset = target === name ? bit : bit - name.length * 8;
        target[offset >> 3] = (target[offset >> 3] ?? 0) ^ (1 << (offset & 7));
        expect(() => decodeRecord(name, bytes)).toThrow(DamagedRecordError);
      }),
      { seed },
    );
  });

  it("is known to be damaged when a part is missing", () => {
    const name = encodeName(1, { cacheId: 1, partition: 2, key: "k" });
    expect(() => decodeRecord(name, Buffer.alloc(10))).toThrow(DamagedRecordError);
    expect(() => decodeRecord(name.subarray(0, 10), Buffer.alloc(40))).toThrow(DamagedRecordError);
  });

  it("lies between the start of its slot and that of the next", () => {
    const name = encodeName(255, { cacheId: 2 ** 32 - 1, partition: 65_535, key: "\uffff" });
    expect(Buffer.compare(startOfSlot(255), name)).toBe(-1);
    expect(Buffer.compare(name, startOfSlot(256))).toBe(-1);
  });
});
