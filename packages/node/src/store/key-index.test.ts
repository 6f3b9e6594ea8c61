import { hash32, partitionOf } from "@holdfast/core";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_ID } from "./bucket-runs.js";
import { KeyIndex } from "./key-index.js";
import { PAGE_BYTES, PAGE_SHIFT, Pages } from "./pages.js";
import { SoughtKey } from "./sought-key.js";

const seed = testSeed();
const BUCKET_SLOTS = 15;

/** An index, the keys of its entries, and what must be in it. */
class CheckedIndex {
  readonly pages = new Pages();
  readonly index: KeyIndex;
  /** How often the index asked for the hash of an entry. */
  hashed = 0;
  /** By id. */
  readonly entries = new Map<number, { readonly hash: number; readonly key: Buffer }>();

  constructor(partitions: number) {
    const keys = {
      hashOf: (id: number) => {
        this.hashed += 1;
        return this.#entry(id).hash;
      },
      hasKey: (id: number, { bytes, length }: SoughtKey) =>
        this.#entry(id).key.equals(bytes.subarray(0, length)),
    };
    this.index = new KeyIndex(this.pages, keys, partitions);
  }

  add(id: number, hash: number, key: Buffer = Buffer.from(`key ${id}`)): void {
    this.entries.set(id, { hash, key });
    this.index.add(hash, id);
  }

  remove(id: number): void {
    this.index.remove(this.#entry(id).hash, id);
    this.entries.delete(id);
  }

  /** Moves all blocks, page by page. */
  vacateAll(): void {
    const places = Array.from(
      { length: this.pages.inUse },
      (_, number) => (number + 1) << PAGE_SHIFT,
    );
    const { pageCount } = this.index;
    for (const place of places) {
      const isOwn = this.pages.note(place) < pageCount;
      expect(this.index.vacate(place)).toBe(isOwn);
    }
    expect(this.index.pageCount).toBe(pageCount);
    expect(this.pages.inUse).toBe(pageCount);
  }

  find(hash: number, key: Buffer): number {
    const sought = new SoughtKey(0);
    sought.set(key);
    // Hashes are what the test wants them to be.
    sought.hash = hash;
    return this.index.find(sought);
  }

  check(partitions: number): void {
    const byPartition = new Map<number, number[]>();
    for (const [id, { hash, key }] of this.entries) {
      expect(this.find(hash, key)).toBe(id);
      expect(this.find(hash, Buffer.from(`no ${key}`))).toBe(0);
      expect(this.index.findWhere(hash, (each) => each === id)).toBe(id);
      const partition = this.index.partitionOf(hash);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), id]);
    }
    for (let partition = 0; partition < partitions; partition++) {
      const ids = (byPartition.get(partition) ?? []).toSorted((a, b) => a - b);
      expect([...this.index.idsOf(partition)].toSorted((a, b) => a - b)).toEqual(ids);
    }
  }

  #entry(id: number) {
    const entry = this.entries.get(id);
    // The index asks for entries that are in it, and no other.
    if (entry === undefined) throw new Error(`there is no entry ${id}`);
    return entry;
  }
}

const anyHash = fc.nat({ max: 2 ** 32 - 1 });
/** Few of them, many times, next to each other, and those at both ends. */
const collidingHash = fc.constantFrom(0, 1, 2, 64, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1);
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ at: fc.constant("add"), hash: anyHash }) },
    { weight: 2, arbitrary: fc.record({ at: fc.constant("add"), hash: collidingHash }) },
    { weight: 3, arbitrary: fc.record({ at: fc.constant("remove"), hash: anyHash }) },
    { weight: 1, arbitrary: fc.record({ at: fc.constant("vacate"), hash: anyHash }) },
  ),
  { maxLength: 400 },
);

/** Pairs of keys with the same hash, found by trying. */
function collidingKeys(hashSeed: number): [Buffer, Buffer][] {
  const seen = new Map<number, string>();
  const pairs: [Buffer, Buffer][] = [];
  for (let number = 0; number < 300_000; number++) {
    const key = `user:${number}`;
    const hash = hash32(Buffer.from(key), hashSeed);
    const other = seen.get(hash);
    if (other !== undefined) pairs.push([Buffer.from(other), Buffer.from(key)]);
    else seen.set(hash, key);
  }
  return pairs;
}

describe("KeyIndex", () => {
  it.each([1, 2, 64, 16_384])(
    `finds what is in it, with %i partitions (seed ${seed})`,
    (partitions) => {
      fc.assert(
        fc.property(steps, fc.nat({ max: MAX_ID - 400 }), (sequence, firstId) => {
          const index = new CheckedIndex(partitions);
          const free: number[] = [];
          let next = firstId + 1;
          for (const { at, hash } of sequence) {
            const ids = [...index.entries.keys()];
            if (at === "add") index.add(free.pop() ?? next++, hash);
            else if (at === "vacate") index.vacateAll();
            else if (ids.length > 0) {
              const id = ids[hash % ids.length] as number;
              index.remove(id);
              free.push(id);
            }
          }
          index.check(Math.min(partitions, 64));
          for (const id of [...index.entries.keys()]) index.remove(id);
          expect([index.pages.inUse, index.index.pageCount]).toEqual([0, 0]);
          // Of each run a few numbers, and a place for each block.
          expect(index.index.tableBytes).toBeLessThan(64 * partitions + 2_048);
        }),
        { seed, numRuns: 40 },
      );
    },
  );

  it("stays exact while tables grow to thousands of entries and shrink again", () => {
    const random = seededRandom(seed);
    const index = new CheckedIndex(2);
    for (let id = 1; id <= 6_000; id++) index.add(id, Math.floor(random.next() * 2 ** 32));
    index.check(2);
    const ids = [...index.entries.keys()].sort(() => random.next() - 0.5);
    for (const [count, id] of ids.entries()) {
      index.remove(id);
      if (count % 1_000 === 999) index.check(2);
    }
    expect(index.pages.inUse).toBe(0);
  });

  it("gives memory back while entries leave, not only with the last one", () => {
    const partitions = 256;
    const index = new CheckedIndex(partitions);
    const random = seededRandom(seed);
    for (let id = 1; id <= partitions * 400; id++) {
      index.add(id, ((id % partitions) * 2 ** 24 + random.next() * 2 ** 24) >>> 0);
    }
    const full = index.index.pageCount;
    for (let id = 3 * partitions + 1; id <= partitions * 400; id++) index.remove(id);
    expect(full).toBeGreaterThan(8);
    // 3 entries in each of 256 tables: a bucket or a few.
    expect(index.index.pageCount).toBeLessThanOrEqual(2);
    index.check(partitions);
  });

  it.each([
    [4_096, 60],
    [512, 200],
    [512, 300],
  ])("takes less than 7 bytes for each entry, in %i tables of %i", (partitions, each) => {
    const index = new CheckedIndex(partitions);
    const random = seededRandom(seed);
    const span = 2 ** 32 / partitions;
    for (let id = 1; id <= partitions * each; id++) {
      index.add(id, ((id % partitions) * span + random.next() * span) >>> 0);
    }
    const bytes = index.index.pageCount * PAGE_BYTES;
    expect(bytes / (partitions * each)).toBeLessThan(7);
  });

  it("hashes few entries anew with each change, however large the table is", () => {
    const index = new CheckedIndex(1);
    const random = seededRandom(seed);
    let mostHashed = 0;
    const change = (act: () => void) => {
      const before = index.hashed;
      act();
      mostHashed = Math.max(mostHashed, index.hashed - before);
    };
    for (let id = 1; id <= 6_000; id++) {
      change(() => index.add(id, Math.floor(random.next() * 2 ** 32)));
    }
    index.check(1);
    for (let id = 1; id <= 5_000; id++) change(() => index.remove(id));
    index.check(1);
    // Two homes of 15 slots, and the buckets that their entries had to pass.
    expect(mostHashed).toBeGreaterThan(15);
    expect(mostHashed).toBeLessThan(1_000);
  });

  it("tells keys apart whose hashes are the same", () => {
    const hashSeed = 0x1234;
    const pairs = collidingKeys(hashSeed);
    expect(pairs.length).toBeGreaterThan(0);
    const index = new CheckedIndex(1_024);
    pairs.forEach(([one, other], number) => {
      const hash = hash32(one, hashSeed);
      index.add(2 * number + 1, hash, one);
      expect(index.find(hash, other)).toBe(0);
      index.add(2 * number + 2, hash, other);
    });
    index.check(1_024);
    pairs.forEach(([one, other], number) => {
      index.remove(2 * number + 1);
      const hash = hash32(one, hashSeed);
      expect([index.find(hash, one), index.find(hash, other)]).toEqual([0, 2 * number + 2]);
    });
  });

  it("holds hundreds of entries with one hash", () => {
    const index = new CheckedIndex(16);
    const hash = 0xdeadbeef;
    for (let id = 1; id <= 500; id++) index.add(id, hash);
    // Keeps the table as large as it is.
    for (let id = 501; id <= 1_000; id++) index.add(id, (hash ^ Math.imul(id, 4_711)) >>> 0);
    index.check(16);
    for (let id = 500; id >= 1; id--) {
      index.remove(id);
      if (id % 100 === 1) index.check(16);
    }
    index.check(16);
  });

  it("looks no further than it must once what filled its buckets has left", () => {
    const index = new CheckedIndex(1);
    const hash = 0xdeadbeef;
    const looked = () => {
      let count = 0;
      index.index.findWhere(hash, () => {
        count += 1;
        return false;
      });
      return count;
    };
    for (let id = 1; id <= 1_400; id++) index.add(id, Math.imul(id, 0x27d4eb2f) >>> 0);
    for (let id = 1_001; id <= 1_400; id++) index.remove(id);
    const before = looked();
    // The table has room for these, and does not shrink when they leave.
    for (let id = 1_001; id <= 1_100; id++) index.add(id, hash);
    expect(looked()).toBeGreaterThan(before + 100);
    for (let id = 1_001; id <= 1_100; id++) index.remove(id);
    expect(looked()).toBeLessThanOrEqual(before + BUCKET_SLOTS);
  });

  it("agrees with the cluster about the partition of a key", () => {
    for (const partitions of [2, 64, 1_024, 16_384]) {
      const { index } = new CheckedIndex(partitions);
      for (let number = 0; number < 100; number++) {
        const key = Buffer.from(`key ${number}`);
        const placement = { partitions, hashSeed: seed };
        expect(index.partitionOf(hash32(key, seed))).toBe(partitionOf(key, placement));
      }
    }
    expect(new CheckedIndex(1).index.partitionOf(2 ** 32 - 1)).toBe(0);
  });

  it("is empty, and has no memory, after it was closed", () => {
    const index = new CheckedIndex(4);
    for (let id = 1; id <= 2_000; id++) index.add(id, Math.imul(id, 0x9e3779b1) >>> 0);
    const [hash] = [...index.entries.values()].map((entry) => entry.hash);
    index.index.close();
    const { tableBytes } = new CheckedIndex(4).index;
    expect([index.pages.inUse, index.index.tableBytes]).toEqual([0, tableBytes]);
    expect(index.index.findWhere(hash as number, () => true)).toBe(0);
    expect([0, 1, 2, 3].map((partition) => index.index.idsOf(partition).length)).toEqual([
      0, 0, 0, 0,
    ]);
  });
});
