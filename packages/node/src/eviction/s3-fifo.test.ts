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

  it("never gives up what was removed from the middle of either part", () => {
    const { policy, insert } = createPolicy();
    for (const id of [11, 12, 13]) insert(id);
    policy.remove(5);
    policy.remove(12);
    expect(policy.size).toBe(10);
    expect(evictAll(policy)).toEqual([11, 13, 1, 2, 3, 4, 6, 7, 8, 9]);
  });

  it("gives up an id that is used again once, and not before those that came when it did", () => {
    const { policy, entries, insert } = createPolicy();
    for (const id of [11, 12]) insert(id);
    policy.remove(11);
    insert(13);
    entries.renew(11, 77);
    insert(11);
    expect(evictAll(policy)).toEqual([12, 13, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("puts an id that stood in the main part and is used again behind the newcomers", () => {
    const { policy, entries, insert } = createPolicy();
    policy.remove(5);
    entries.renew(5, 77);
    insert(5);
    insert(11);
    // Its turn comes after 4. Then it is in the small part, which has no more than its share.
    expect(evictAll(policy)).toEqual([11, 1, 2, 3, 4, 6, 5, 7, 8, 9]);
  });

  it("puts a key that comes back in time into the main part, though its id stood in the small one", () => {
    const { policy, entries, insert } = createPolicy();
    insert(11);
    policy.remove(11);
    entries.renew(11, 10);
    insert(11);
    insert(12);
    expect(evictAll(policy)).toEqual([12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
  });

  it("counts the reads of an entry whose id is used again from its return on", () => {
    const { policy, insert, hit } = createPolicy();
    for (const id of [11, 12]) {
      insert(id);
      hit(id, 1);
      policy.remove(id);
      insert(id);
      hit(id, 1);
    }
    hit(12, 1);
    expect(evictAll(policy)).toEqual([11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]);
  });

  it("passes over the spared entry when its id is used again", () => {
    const { policy, insert } = createPolicy();
    insert(11);
    policy.remove(11);
    insert(11);
    insert(12);
    expect(policy.evict(11)).toBe(12);
    expect(evictAll(policy)).toEqual([11, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("counts an id that is used again to the part where it stands, also when it is removed again", () => {
    const { policy, insert } = createPolicy();
    policy.remove(5);
    insert(5);
    policy.remove(5);
    insert(11);
    // The main part has no more than its share.
    expect(policy.evict(NO_ENTRY)).toBe(11);
  });

  it("links an id anew that was dropped before it is used again", () => {
    const { policy, insert } = createPolicy();
    for (const id of [11, 12]) insert(id);
    policy.remove(11);
    expect(policy.evict(NO_ENTRY)).toBe(12);
    insert(11);
    expect(policy.evict(NO_ENTRY)).toBe(11);
  });

  it("has an id that is removed again and again in a queue only once", () => {
    const { policy, insert } = createPolicy();
    for (let round = 0; round < 5; round++) {
      insert(11);
      policy.remove(11);
    }
    expect(policy.size).toBe(9);
    expect(evictAll(policy)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    insert(11);
    expect(evictAll(policy)).toEqual([11]);
  });
});
