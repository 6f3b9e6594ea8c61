import { hash32, type Placement } from "@holdfast/core";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Entries } from "./entries.js";
import { PAGE_SHIFT, Pages } from "./pages.js";
import { leadLength } from "./record-layout.js";
import type { RecordContent } from "./records.js";
import { SoughtKey } from "./sought-key.js";

const seed = testSeed();

interface ModelEntry {
  readonly id: number;
  readonly content: RecordContent;
}

/** Pages of a node that has 16 GiB of them in use: places have their highest bit set. */
function farPages(): Pages {
  const near = new Pages();
  const away = 2 ** 31;
  const far = {
    get inUse() {
      return near.inUse;
    },
    take: () => near.take() + away,
    release: (place: number) => near.release(place - away),
    bytesAt: (place: number) => near.bytesAt(place - away),
    wordsAt: (place: number) => near.wordsAt(place - away),
    memoryAt: (place: number) => near.memoryAt(place - away),
    note: (place: number) => near.note(place - away),
    setNote: (place: number, note: number) => near.setNote(place - away, note),
  };
  // It has all that is public of the class; private fields make the types differ.
  return far as unknown as Pages;
}

/** Entries, and a map that holds what they must. Everything that is seen is compared with that. */
class CheckedEntries {
  readonly pages: Pages;
  readonly placement: Placement;
  readonly entries: Entries;
  readonly model = new Map<string, ModelEntry>();

  constructor(pages: Pages, partitions: number) {
    this.pages = pages;
    this.placement = { partitions, hashSeed: seed };
    this.entries = new Entries({ pages, placement: this.placement, likelyEntries: 0 });
  }

  put(key: string, content: RecordContent): void {
    const present = this.model.get(key)?.id;
    const id = present ?? this.entries.add(this.sought(key), content);
    if (present !== undefined) this.entries.replace(id, this.sought(key), content);
    this.model.set(key, { id, content });
  }

  remove(key: string): void {
    const entry = this.model.get(key);
    if (entry === undefined) return;
    this.entries.remove(entry.id, this.#hash(key));
    this.model.delete(key);
  }

  setEnd(key: string, expiresAtMs: number): void {
    const entry = this.model.get(key);
    if (entry === undefined) return;
    this.entries.setEnd(entry.id, expiresAtMs);
    this.model.set(key, { ...entry, content: { ...entry.content, expiresAtMs } });
  }

  check(): void {
    for (const [key, entry] of this.model) this.#checkEntry(key, entry);
    const ids = [...this.model.values()].map(({ id }) => id).toSorted((a, b) => a - b);
    expect([...this.entries.ids()]).toEqual(ids);
    const partitions = Array.from({ length: this.placement.partitions }, (_, index) => index);
    const all = partitions.flatMap((partition) => [...this.entries.idsOf(partition)]);
    expect(all.toSorted((a, b) => a - b)).toEqual(ids);
    expect(this.find("a key that nobody wrote")).toBe(0);
    expect(this.pages.inUse).toBe(this.entries.pageCount);
  }

  find(key: string): number {
    return this.entries.find(this.sought(key));
  }

  sought(key: string): SoughtKey {
    const sought = new SoughtKey(this.placement.hashSeed);
    sought.set(key);
    return sought;
  }

  /** Moves what is in the page of some record. */
  vacate(choice: number): void {
    const ids = [...this.model.values()].map(({ id }) => id);
    if (ids.length === 0) return;
    const place = this.entries.table.place(ids[choice % ids.length] as number);
    const page = (place >>> PAGE_SHIFT) * 2 ** PAGE_SHIFT;
    expect(this.entries.vacate(page)).toBe(true);
    expect(this.entries.vacate(page)).toBe(false);
  }

  removeAll(): void {
    for (const key of [...this.model.keys()]) this.remove(key);
  }

  #checkEntry(key: string, { id, content }: ModelEntry): void {
    const { records, table } = this.entries;
    expect(this.find(key)).toBe(id);
    expect(this.entries.hashOf(id)).toBe(this.#hash(key));
    expect(this.entries.hasKey(id, this.sought(key))).toBe(true);
    expect(this.entries.hasKey(id, this.sought(`no ${key}`))).toBe(false);
    const place = table.place(id);
    expect(records.keyText(place)).toBe(key);
    expect(records.version(place)).toBe(content.version);
    expect(records.isPinned(place)).toBe(content.pinned);
    expect(records.endMs(place)).toBe(content.expiresAtMs);
    const value = records.value(place);
    if (value === undefined || content.value === undefined) expect(value).toBe(content.value);
    else expect(value.equals(content.value)).toBe(true);
  }

  #hash(key: string): number {
    return hash32(Buffer.from(key), this.placement.hashSeed);
  }
}

function contentOf(length: number, from: number): RecordContent {
  const value = Buffer.alloc(length, `${from}.`);
  const pinned = from % 7 === 0;
  return {
    value: from % 11 === 0 ? undefined : value,
    encoding: from & 255,
    version: from,
    pinned,
    expiresAtMs: from % 3 === 0 ? from : Number.POSITIVE_INFINITY,
  };
}

const steps = fc.array(
  fc.record({
    at: fc.constantFrom("put", "put", "put", "remove", "end", "compact", "vacate"),
    from: fc.nat(),
    count: fc.integer({ min: 1, max: 60 }),
    /** Of values: whole batches are of another size, as when a user's data change. */
    length: fc.constantFrom(0, 20, 200, 1_000, 4_083, 4_084, 9_000),
  }),
  { maxLength: 40 },
);

describe.each([
  ["in the first pages", () => new Pages()],
  ["beyond 16 GiB", farPages],
] as const)("Entries %s", (_name, createPages) => {
  it(`are what was written last, whatever moved meanwhile (seed ${seed})`, () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(2, 64), (sequence, partitions) => {
        const entries = new CheckedEntries(createPages(), partitions);
        for (const { at, from, count, length } of sequence) {
          if (at === "compact") {
            const before = entries.pages.inUse;
            const isSmaller = entries.entries.compact();
            expect(entries.pages.inUse).toBe(before - Number(isSmaller));
            continue;
          }
          if (at === "vacate") {
            entries.vacate(from);
            continue;
          }
          for (let each = from; each < from + count; each++) {
            const key = `key ${Math.imul(each, 7_919) & 255}`;
            if (at === "put") entries.put(key, contentOf(length + (each % 16), each));
            else if (at === "end")
              entries.setEnd(key, each % 5 === 0 ? Number.POSITIVE_INFINITY : each);
            else entries.remove(key);
          }
        }
        entries.check();
        entries.removeAll();
        expect([entries.pages.inUse, entries.entries.pageCount]).toEqual([0, 0]);
      }),
      { seed, numRuns: 40 },
    );
  });

  it("need little more room than they fill when sizes have drifted and pages are compacted", () => {
    const random = seededRandom(seed);
    const entries = new CheckedEntries(createPages(), 64);
    for (let round = 0; round < 5; round++) {
      for (let number = 0; number < 800; number++) {
        if (random.next() < 0.5) entries.put(`key ${number}`, contentOf(100 + 700 * round, number));
      }
    }
    for (let number = 0; number < 800; number++) {
      if (random.next() < 0.5) entries.remove(`key ${number}`);
    }
    const before = entries.pages.inUse;
    while (entries.entries.compact());
    expect(entries.pages.inUse).toBeLessThan(before);
    entries.check();
  });

  it("move with the parts of their values", () => {
    const entries = new CheckedEntries(createPages(), 2);
    for (let number = 0; number < 40; number++) {
      entries.put(`key ${number}`, contentOf(20_000 + 500 * number, number + 1));
    }
    for (let number = 0; number < 40; number += 2) entries.remove(`key ${number}`);
    let compacted = 0;
    for (; entries.entries.compact(); compacted++) entries.check();
    expect(compacted).toBeGreaterThan(0);
    entries.removeAll();
    expect(entries.pages.inUse).toBe(0);
  });

  it("take no more pages than was said before", () => {
    const entries = new CheckedEntries(createPages(), 2);
    // So that the index has its memory already.
    entries.put("first", contentOf(1, 1));
    const random = seededRandom(seed);
    for (let number = 1; number <= 300; number++) {
      const length = Math.floor(random.next() * (number % 10 === 0 ? 300_000 : 9_000));
      const key = entries.sought(`key ${number}`);
      const expiresAtMs = number % 2 === 0 ? number : Number.POSITIVE_INFINITY;
      const fixed = { encoding: 0, version: 1, pinned: false, expiresAtMs };
      const content = { value: Buffer.alloc(length), ...fixed };
      const expected = entries.entries.pagesFor(leadLength(key.length, expiresAtMs), length);
      const before = entries.pages.inUse;
      const place = entries.entries.records.write(number, key, content);
      const taken = entries.pages.inUse - before;
      expect(taken).toBeLessThanOrEqual(expected);
      // One page more than needed may be asked for, because of a last part of another size.
      expect(taken).toBeGreaterThanOrEqual(expected - 1);
      if (number % 3 === 0) entries.entries.records.free(place);
    }
  });

  it("give all memory back when they are closed", () => {
    const entries = new CheckedEntries(createPages(), 64);
    for (let number = 0; number < 500; number++) entries.put(`key ${number}`, contentOf(5_000, 3));
    entries.entries.close();
    expect([entries.pages.inUse, entries.entries.pageCount]).toEqual([0, 0]);
    expect(entries.find("key 1")).toBe(0);
  });
});
