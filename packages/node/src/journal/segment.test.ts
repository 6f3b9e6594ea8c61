import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { journalRecords } from "../testing/arbitrary-records.js";
import type { JournalRecord } from "./record.js";
import {
  DamagedSegmentError,
  decodeName,
  decodeRecord,
  decodeSegment,
  encodeName,
  SegmentDraft,
} from "./segment.js";

const seed = testSeed();

const records = journalRecords();
const notes = fc.record({ sequence: fc.nat({ max: 2 ** 48 - 1 }), ordinal: fc.nat() });
const NAME = encodeName(7, 2 ** 40);

function segmentOf(name: Buffer, list: readonly JournalRecord[]): Buffer {
  const draft = new SegmentDraft();
  for (const record of list) draft.add(record);
  return draft.finish(name);
}

describe("a segment", () => {
  it(`is read as it was written, records and notes in their order (seed ${seed})`, () => {
    const frames = fc.array(fc.oneof(records, notes), { maxLength: 50 });
    fc.assert(
      fc.property(frames, (list) => {
        const draft = new SegmentDraft();
        for (const each of list) "key" in each ? draft.add(each) : draft.note(each);
        expect(draft.isEmpty).toBe(list.length === 0);
        const bytes = draft.finish(NAME);
        expect(bytes.length).toBe(draft.length);
        const read = [...decodeSegment(NAME, bytes)];
        expect(read.map((frame) => (frame.kind === "record" ? frame.record : frame.note))).toEqual(
          list,
        );
        for (const frame of read) {
          if (frame.kind !== "record") continue;
          expect(decodeRecord(bytes, frame.place.offset)).toEqual(frame.record);
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  it(`takes records as they lie in another one (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 20 }), (list) => {
        const bytes = segmentOf(NAME, list);
        const draft = new SegmentDraft();
        for (const frame of [...decodeSegment(NAME, bytes)].reverse()) {
          if (frame.kind === "record") draft.copy(bytes, frame.place);
        }
        const name = encodeName(7, 1);
        const copied = [...decodeSegment(name, draft.finish(name))];
        expect(copied.map((frame) => frame.kind === "record" && frame.record)).toEqual(
          list.toReversed(),
        );
      }),
      { seed, numRuns: 40 },
    );
  });

  it(`is known to be damaged by a single changed bit, in its name too (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 5 }), fc.nat(), (list, position) => {
        const name = encodeName(7, 3);
        const bytes = segmentOf(name, list);
        const bit = position % ((name.length + bytes.length) * 8);
        const target = bit < name.length * 8 ? name : bytes;
        const offset = target === name ? bit : bit - name.length * 8;
        target[offset >> 3] = (target[offset >> 3] ?? 0) ^ (1 << (offset & 7));
        expect(() => [...decodeSegment(name, bytes)]).toThrow(DamagedSegmentError);
      }),
      { seed, numRuns: 40 },
    );
  });

  it("is known to be damaged when a part is missing", () => {
    const bytes = segmentOf(NAME, []);
    expect(() => [...decodeSegment(NAME, bytes.subarray(0, 2))]).toThrow(DamagedSegmentError);
  });

  it("has a name that sorts by slot, then by sequence", () => {
    const names = [
      encodeName(1, 2 ** 47),
      encodeName(2, 1),
      encodeName(2, 300),
      encodeName(255, 2),
    ];
    expect(names.toSorted(Buffer.compare)).toEqual(names);
    expect(decodeName(encodeName(2 ** 32 - 1, 2 ** 48 - 1))).toEqual({
      slot: 2 ** 32 - 1,
      sequence: 2 ** 48 - 1,
    });
  });
});
