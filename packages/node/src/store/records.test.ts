import { hash32, viewOf } from "@holdfast/core";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pages } from "./pages.js";
import { headClass, leadLength, recordBytes, storedLength } from "./record-layout.js";
import { type RecordContent, Records, type ValueLocation } from "./records.js";
import { CLASSES, MAX_SLOT_BYTES, SLOT_BYTES, SLOTS_PER_PAGE } from "./size-classes.js";
import { Slots } from "./slots.js";
import { SoughtKey } from "./sought-key.js";

const seed = testSeed();
const HASH_SEED = 0x9747b28c;
const MAX_VALUE_BYTES = 4 * 2 ** 20;
const NEVER = Number.POSITIVE_INFINITY;
/** What the first slot of a linked record has for key and value, and what each part has. */
const PART_BYTES = 4_080;

interface TestRecord {
  readonly key: Buffer;
  readonly content: RecordContent;
}

function createRecords() {
  const pages = new Pages();
  const slots = new Slots(pages);
  return { pages, slots, records: new Records(pages, slots, HASH_SEED) };
}

/** Bytes of the slots in use, of which all classes but the largest have less than a page full. */
function takenBytes(slots: Slots): number {
  let pages = slots.pageCount;
  let bytes = 0;
  for (let sizeClass = 0; sizeClass < CLASSES - 1; sizeClass++) {
    const free = slots.freeSlots(sizeClass);
    if (free === 0) continue;
    pages -= 1;
    bytes += ((SLOTS_PER_PAGE[sizeClass] as number) - free) * (SLOT_BYTES[sizeClass] as number);
  }
  const perPage = SLOTS_PER_PAGE[CLASSES - 1] as number;
  return bytes + (pages * perPage - slots.freeSlots(CLASSES - 1)) * MAX_SLOT_BYTES;
}

/** Bytes that differ from each other, and between seeds. */
function bytesOf(length: number, from: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++)
    bytes[index] = (from + index * 7 + (index >>> 8)) & 255;
  return bytes;
}

const valueLengths = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 300 }) },
  { weight: 3, arbitrary: fc.nat({ max: 20 * 1024 }) },
  // Around the end of the first slot, and of the parts after it.
  { weight: 3, arbitrary: fc.integer({ min: 3_560, max: 4_100 }) },
  { weight: 2, arbitrary: fc.integer({ min: 2 * PART_BYTES - 520, max: 2 * PART_BYTES + 10 }) },
);

const contents = (lengths: fc.Arbitrary<number>): fc.Arbitrary<RecordContent> =>
  fc.record({
    value: fc.option(
      fc.tuple(lengths, fc.nat({ max: 255 })).map(([length, from]) => bytesOf(length, from)),
      { nil: undefined, freq: 8 },
    ),
    encoding: fc.oneof(fc.nat({ max: 255 }), fc.nat({ max: 65_535 })),
    expiresAtMs: fc.oneof(fc.constant(NEVER), fc.maxSafeNat(), fc.double({ noNaN: true })),
    version: fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER)),
    pinned: fc.boolean(),
  });

const keys = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.uint8Array({ minLength: 1, maxLength: 512 }),
  fc.constant(bytesOf(512, 3)),
);

const testRecords: fc.Arbitrary<TestRecord> = fc
  .record({ key: keys, content: contents(valueLengths) })
  .map(({ key, content }) => ({ key: Buffer.from(key), content }));

const nowhere = (): ValueLocation => {
  const bytes = Buffer.alloc(0);
  return { bytes, view: viewOf(bytes), start: 0, end: 0 };
};

function expectRecord(records: Records, place: number, { key, content }: TestRecord): void {
  expect(records.hasKey(place, soughtOf(key))).toBe(true);
  expect(records.keyLength(place)).toBe(key.length);
  expect(records.keyText(place)).toBe(key.toString("utf8"));
  expect(records.hashOfKey(place)).toBe(hash32(key, HASH_SEED));
  expect(records.version(place)).toBe(content.version);
  expect(records.endMs(place)).toBe(content.expiresAtMs);
  const { value: written, encoding } = content;
  expect(records.encoding(place)).toBe(written === undefined ? encoding & 127 : encoding);
  expect(records.isPinned(place)).toBe(content.pinned);
  expect(records.isAbsence(place)).toBe(content.value === undefined);
  expect(records.storedLength(place)).toBe(storedLength(written, encoding));
  const value = records.value(place);
  expect(value === undefined).toBe(content.value === undefined);
  if (value === undefined || content.value === undefined) return;
  expect(value.equals(content.value)).toBe(true);
  const found = nowhere();
  records.locateValue(place, found);
  expect(found.bytes.subarray(found.start, found.end).equals(content.value)).toBe(true);
  expect(found.view.byteOffset).toBe(found.bytes.byteOffset);
  expect(found.view.buffer).toBe(found.bytes.buffer);
}

function write(records: Records, id: number, { key, content }: TestRecord): number {
  return records.write(id, soughtOf(key), content);
}

function soughtOf(key: Uint8Array): SoughtKey {
  const sought = new SoughtKey(HASH_SEED);
  sought.set(key);
  return sought;
}

function small(value: Buffer, expiresAtMs: number = NEVER): RecordContent {
  return { value, encoding: 1, version: 2, pinned: false, expiresAtMs };
}

describe("Records", () => {
  it(`give back what was written, and all memory once they are freed (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(testRecords, { minLength: 1, maxLength: 30 }), (all) => {
        const { pages, slots, records } = createRecords();
        const places = all.map((record, index) => write(records, index + 1, record));
        places.forEach((place, index) => {
          expectRecord(records, place, all[index] as TestRecord);
        });
        for (const place of places) records.free(place);
        expect([slots.pageCount, pages.inUse]).toEqual([0, 0]);
        expect(SLOT_BYTES.filter((_, sizeClass) => slots.freeSlots(sizeClass) > 0)).toEqual([]);
      }),
      { seed, numRuns: 50 },
    );
  });

  it("take as many bytes as they say, whatever their lengths", () => {
    const { slots, records } = createRecords();
    const lengths = [0, 1, 2, 3, 4, 5, 15, 16, 17, 100, 1_000];
    for (const keyLength of [1, 2, 100, 511, 512]) {
      // Around what fits into one slot, and into so many parts after it.
      const ends = [1, 2, 3, 18].map((parts) => parts * PART_BYTES - keyLength);
      const around = ends.flatMap((end) => [-1, 0, 1, 2, 3, 4, 5, 6, 100].map((by) => end + by));
      for (const valueLength of [...lengths, ...around]) {
        for (const endMs of [NEVER, 1_790_000_000_000]) {
          const content = small(bytesOf(valueLength, 2), endMs);
          const record = { key: bytesOf(keyLength, 1), content };
          const place = write(records, 1, record);
          const bytes = recordBytes(leadLength(keyLength, endMs), valueLength);
          expect(takenBytes(slots)).toBe(bytes);
          expectRecord(records, place, record);
          records.free(place);
          expect(slots.pageCount).toBe(0);
        }
      }
    }
  });

  it("hold values up to 4 MiB", () => {
    const { slots, records } = createRecords();
    for (const length of [MAX_VALUE_BYTES - 1, MAX_VALUE_BYTES]) {
      const record = { key: bytesOf(512, 9), content: small(bytesOf(length, 5)) };
      const place = write(records, 1, record);
      expect(takenBytes(slots)).toBe(recordBytes(512, length));
      expectRecord(records, place, record);
      records.free(place);
    }
    expect(slots.pageCount).toBe(0);
  });

  it(`are overwritten in their slot where the new content fits exactly (seed ${seed})`, () => {
    const nearby = valueLengths.chain((length) =>
      fc.tuple(
        fc.constant(length),
        fc.oneof(
          fc.integer({ min: -40, max: 40 }).map((by) => Math.max(0, length + by)),
          valueLengths,
        ),
      ),
    );
    const pairs = nearby.chain(([one, other]) =>
      fc.tuple(keys, contents(fc.constant(one)), contents(fc.constant(other))),
    );
    fc.assert(
      fc.property(pairs, ([keyBytes, before, after]) => {
        const { records } = createRecords();
        const key = Buffer.from(keyBytes);
        const [left, place, right] = [1, 2, 3].map((id) =>
          write(records, id, { key, content: before }),
        );
        const leads = [before, after].map((each) => leadLength(key.length, each.expiresAtMs));
        const lengths = [before, after].map(
          ({ value, encoding }, index) => (leads[index] as number) + storedLength(value, encoding),
        );
        const [classBefore, classAfter] = lengths.map((length) => headClass(0, length));
        // A head takes 12 bytes.
        const isInOne = lengths.every((length) => length <= 4_084);
        const fits = leads[0] === leads[1] && classBefore === classAfter && isInOne;
        expect(records.overwrite(place as number, after)).toBe(fits);
        expectRecord(records, place as number, { key, content: fits ? after : before });
        for (const neighbour of [left, right]) {
          expectRecord(records, neighbour as number, { key, content: before });
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  it("are overwritten up to the very end of the largest slot, and not beyond", () => {
    const { records } = createRecords();
    const key = Buffer.from("a key of 18 bytes.");
    // A head takes 12 bytes.
    const most = MAX_SLOT_BYTES - 12 - key.length;
    const place = write(records, 1, { key, content: small(bytesOf(most, 1)) });
    for (const [length, fits] of [
      [most, true],
      [most - 1, true],
      [most + 1, false],
    ] as const) {
      expect(records.overwrite(place, small(bytesOf(length, 2)))).toBe(fits);
    }
    const linked = write(records, 2, { key, content: small(bytesOf(most + 1, 3)) });
    expect(records.overwrite(linked, small(bytesOf(most, 4)))).toBe(false);
    expect(records.overwrite(linked, small(bytesOf(most + 1, 4)))).toBe(false);
  });

  it("change nothing but the pin when they are pinned and unpinned", () => {
    const { records } = createRecords();
    const content = {
      value: bytesOf(9, 1),
      encoding: 255,
      version: Number.MAX_SAFE_INTEGER,
      pinned: false,
      expiresAtMs: 7,
    };
    const key = Buffer.from("k");
    const place = write(records, 1, { key, content });
    for (const pinned of [true, true, false, false]) {
      records.setPinned(place, pinned);
      expectRecord(records, place, { key, content: { ...content, pinned } });
    }
  });

  it("keep ends as they are, and their links, whatever else is in them", () => {
    const { records } = createRecords();
    const key = Buffer.from("k");
    for (const length of [0, 5, 4_050, 4_060, 20_000]) {
      const content = small(bytesOf(length, 1), 1_790_000_000_000.5);
      const place = write(records, 1, { key, content });
      expect([0, 1].map((which) => records.endLink(place, which))).toEqual([0, 0]);
      records.setEndLink(place, 0, 2 ** 32 - 1);
      records.setEndLink(place, 1, 7);
      for (const expiresAtMs of [1, 0, -1, Number.NEGATIVE_INFINITY, NEVER, 1e300]) {
        records.setEnd(place, expiresAtMs);
        expectRecord(records, place, { key, content: { ...content, expiresAtMs } });
      }
      expect([0, 1].map((which) => records.endLink(place, which))).toEqual([2 ** 32 - 1, 7]);
      expect(records.hasEnd(place)).toBe(true);
    }
  });

  it(`are written anew with an end, and nothing else is different (seed ${seed})`, () => {
    fc.assert(
      fc.property(testRecords, fc.maxSafeNat(), ({ key, content }, expiresAtMs) => {
        const { records } = createRecords();
        const before = { key, content: { ...content, expiresAtMs: NEVER } };
        const place = write(records, 1, before);
        expect(records.hasEnd(place)).toBe(false);
        const other = records.rewrite(1, place, expiresAtMs);
        expectRecord(records, place, before);
        expectRecord(records, other, { key, content: { ...content, expiresAtMs } });
      }),
      { seed, numRuns: 50 },
    );
  });

  it("have no other key than theirs", () => {
    const { records } = createRecords();
    for (const length of [5, 5_000]) {
      const place = write(records, 1, {
        key: Buffer.from("abc"),
        content: small(bytesOf(length, 0)),
      });
      for (const other of ["ab", "abcd", "abd", "xbc", "ab\0"]) {
        expect(records.hasKey(place, soughtOf(Buffer.from(other)))).toBe(false);
      }
      expect(records.hasKey(place, soughtOf(Buffer.from("abc...").subarray(0, 3)))).toBe(true);
    }
  });

  it("stay whole while their parts are moved together", () => {
    const random = seededRandom(seed);
    const { slots, records } = createRecords();
    const live = new Map<number, { record: TestRecord; place: number }>();
    const lengths = [10, 900, 5_000, 9_000, 30_000, 100_000];
    for (let id = 1; id <= 300; id++) {
      const length = Math.floor(random.next() * (lengths[id % lengths.length] as number));
      const record = { key: bytesOf(1 + (id % 512), id), content: small(bytesOf(length, id)) };
      live.set(id, { record, place: write(records, id, record) });
    }
    for (const [id, { place }] of live) {
      if (random.next() > 0.6) continue;
      records.free(place);
      live.delete(id);
    }
    let moved = 0;
    const move = (from: number, to: number) => {
      const owner = records.move(from, to);
      moved += 1;
      if (owner !== undefined)
        records.relink((live.get(owner) as { place: number }).place, from, to);
      else for (const entry of live.values()) if (entry.place === from) entry.place = to;
    };
    while (slots.compact(move));
    expect(moved).toBeGreaterThan(0);
    for (const { record, place } of live.values()) expectRecord(records, place, record);
    for (const { place } of live.values()) records.free(place);
    expect(slots.pageCount).toBe(0);
  });
});
