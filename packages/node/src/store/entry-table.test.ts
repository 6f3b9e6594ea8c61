import { FakeClock, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EntryTable } from "./entry-table.js";

const seed = testSeed();
const DAY_MS = 24 * 60 * 60 * 1_000;
const START_MS = 1_790_000_000_000;
/** How exactly it is known when an entry was written. */
const STEP_MS = 8;
/** Instants are kept in 32 bits: so long until they begin again. */
const ROUND_MS = 2 ** 32 * STEP_MS;
const FIRST_IDS = 2 ** 12;

/** A table with entries in use: an id counts as used once it has a place. */
function createTable(entries: number, likelyIds = 0): EntryTable {
  const table = new EntryTable(likelyIds);
  for (let count = 0; count < entries; count++) table.setPlace(table.add(), 1);
  return table;
}

describe("EntryTable", () => {
  it("hands out ids from 1, and those that were freed first", () => {
    const table = createTable(4);
    expect(table.highest).toBe(4);
    for (const id of [2, 4]) table.remove(id);
    expect([table.add(), table.add(), table.add()]).toEqual([4, 2, 5]);
    expect(table.highest).toBe(5);
  });

  it(`never hands out an id that is in use (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 300 }), (choices) => {
        const table = new EntryTable(0);
        const used: number[] = [];
        let most = 0;
        for (const choice of choices) {
          if (choice % 5 < 3) {
            const id = table.add();
            expect(used).not.toContain(id);
            expect(table.isInUse(id)).toBe(false);
            table.setPlace(id, choice + 1);
            used.push(id);
          } else if (used.length > 0) {
            const [id] = used.splice(choice % used.length, 1) as [number];
            table.remove(id);
            expect(table.isInUse(id)).toBe(false);
          }
          most = Math.max(most, used.length);
          expect(used.every((id) => table.isInUse(id))).toBe(true);
        }
        expect(table.highest).toBe(most);
      }),
      { seed },
    );
  });

  it("keeps places of 32 bits", () => {
    const table = createTable(2);
    for (const place of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2]) {
      table.setPlace(2, place);
      expect([table.place(1), table.place(2)]).toEqual([1, place]);
    }
  });

  it("knows to 8 ms when an entry was written, until it is a year old", () => {
    const clock = new FakeClock(START_MS);
    const table = createTable(1);
    // The last two lie at both sides of where the count begins again.
    for (const atMs of [START_MS, START_MS + 13, 1_000 * ROUND_MS - 1, 1_000 * ROUND_MS]) {
      table.setWritten(1, atMs);
      for (const ageMs of [0, 1, 7, 8, 1_000, DAY_MS, 365 * DAY_MS]) {
        clock.advance(atMs + ageMs - clock.now());
        const foundMs = table.writtenAtMs(1, clock.now());
        expect(foundMs).toBe(Math.floor(atMs / STEP_MS) * STEP_MS);
      }
    }
  });

  it("knows it as well when the clock was set back by less than a day since", () => {
    const table = createTable(1);
    for (const atMs of [START_MS, 1_000 * ROUND_MS + 100]) {
      table.setWritten(1, atMs);
      for (const backMs of [1, 8, 200, 60_000, DAY_MS - STEP_MS]) {
        const foundMs = table.writtenAtMs(1, atMs - backMs);
        expect(foundMs).toBe(Math.floor(atMs / STEP_MS) * STEP_MS);
      }
    }
  });

  it("orders entries by how long ago they were used, in steps", () => {
    const entries = 160;
    const table = createTable(entries);
    for (let id = 1; id <= entries; id++) table.use(id);
    const ids = Array.from({ length: entries }, (_, index) => index + 1);
    const coldness = ids.map((id) => table.coldness(id));
    expect(coldness).toEqual(coldness.toSorted((a, b) => b - a));
    // A step is a sixteenth of the entries and one use more.
    expect(new Set(coldness).size).toBe(Math.ceil(entries / 11));
    table.use(1);
    expect(table.coldness(1)).toBe(0);
    expect(Math.max(...ids.map((id) => table.coldness(id)))).toBe(table.coldness(2));
  });

  it("keeps the order for at least 15 uses of everything", () => {
    const entries = 320;
    const table = createTable(entries);
    table.use(1);
    for (let round = 0; round < 15; round++) for (let id = 2; id <= entries; id++) table.use(id);
    expect(table.coldness(1)).toBeGreaterThan(200);
    expect(table.coldness(entries)).toBeLessThanOrEqual(1);
  });

  it("counts uses in smaller steps once entries have left", () => {
    const table = createTable(1_600);
    for (let id = 1; id <= 1_600; id++) table.use(id);
    for (let id = 17; id <= 1_600; id++) table.remove(id);
    // The step that has begun goes on; from then on one is two uses, of 16 entries.
    for (let count = 0; count < 101; count++) table.use(2);
    table.use(1);
    for (let count = 0; count < 20; count++) table.use(2);
    expect(table.coldness(1)).toBe(10);
  });

  it("knows how long ago entries were used when it has grown", () => {
    const table = createTable(FIRST_IDS - 1);
    const ids = [1, 1_000, 2_000, FIRST_IDS - 1];
    for (let id = 1; id < FIRST_IDS; id++) table.use(id);
    const before = ids.map((id) => table.coldness(id));
    expect(new Set(before).size).toBe(ids.length);
    table.add();
    expect(table.capacity).toBeGreaterThan(FIRST_IDS);
    expect(ids.map((id) => table.coldness(id))).toEqual(before);
  });

  it.each([0, FIRST_IDS, FIRST_IDS + 1, 100_000])(
    "keeps everything when it grows, with %i likely entries",
    (likelyIds) => {
      const table = new EntryTable(likelyIds);
      const last = 2 * Math.max(FIRST_IDS, likelyIds) + 10;
      let capacity = table.capacity;
      let growths = 0;
      expect(capacity).toBe(FIRST_IDS - 1);
      for (let id = 1; id <= last; id++) {
        expect(table.add()).toBe(id);
        table.setPlace(id, id);
        table.setWritten(id, START_MS + STEP_MS * id);
        table.use(id);
        if (table.capacity !== capacity) growths += 1;
        capacity = table.capacity;
      }
      expect(capacity).toBeGreaterThanOrEqual(last);
      expect(growths).toBeLessThanOrEqual(3);
      const isKept = (id: number) =>
        table.place(id) === id &&
        table.writtenAtMs(id, START_MS + DAY_MS) === START_MS + STEP_MS * id;
      const ids = Array.from({ length: last }, (_, index) => index + 1);
      expect(ids.filter((id) => !isKept(id))).toEqual([]);
      expect(table.coldness(1)).toBeGreaterThan(table.coldness(last));
    },
  );

  it("has room for all likely entries after it has grown once", () => {
    const table = createTable(FIRST_IDS, 500_000);
    expect(table.capacity).toBe(500_000);
  });
});
