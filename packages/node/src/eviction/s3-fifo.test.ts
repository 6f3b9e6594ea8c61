import { describe, expect, it } from "vitest";
import { evictAll, TestEntries } from "./policy.contract.js";
import { NO_ENTRY } from "./policy.js";
import { S3FifoPolicy } from "./s3-fifo.js";

/** Room for ten: 1 to 9 are in the main part, and 10 was evicted. Ids are keys, unless a test renews one. */
function createPolicy() {
  const entries = new TestEntries();
  const policy = new S3FifoPolicy(entries);
  policy.reserve(1_000);
  policy.setCapacity(10);
  const insert = (id: number) => policy.insert(id, entries.hashOf(id));
  const hit = (id: number, times: number) => {
    for (let i = 0; i < times; i++) policy.hit(id);
  };
  for (let id = 1; id <= 10; id++) insert(id);
  for (let id = 1; id <= 9; id++) hit(id, 2);
  const first = policy.evict(NO_ENTRY);
  return { policy, entries, insert, hit, first };
}

describe("s3-fifo policy", () => {
  it("gives up a stream of newcomers before the entries that were there when it began", () => {
    const { policy, insert, first } = createPolicy();
    expect(first).toBe(10);
    for (let id = 11; id <= 50; id++) {
      insert(id);
      expect(policy.evict(NO_ENTRY)).toBe(id);
    }
  });

  it("moves what was read twice to the main part, and not what was read once", () => {
    const { policy, insert, hit } = createPolicy();
    insert(11);
    hit(11, 1);
    expect(policy.evict(NO_ENTRY)).toBe(11);
    insert(12);
    hit(12, 2);
    // It moves, and the main part gives up its oldest.
    expect(policy.evict(NO_ENTRY)).toBe(1);
    expect(evictAll(policy)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 12]);
  });

  it("puts a key that comes back in time into the main part", () => {
    const { policy, entries, insert } = createPolicy();
    entries.renew(20, 10);
    insert(20);
    insert(21);
    // The newcomer goes, although the other key came before it.
    expect(policy.evict(NO_ENTRY)).toBe(21);
    expect(evictAll(policy)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 20]);
  });

  it("lets an entry of the main part queue once more for each read", () => {
    const { policy, hit } = createPolicy();
    hit(5, 1);
    hit(6, 9);
    expect(evictAll(policy)).toEqual([1, 2, 3, 4, 7, 8, 9, 5, 6]);
  });
});
