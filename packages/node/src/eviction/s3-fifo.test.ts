import { describe, expect, it } from "vitest";
import { evictAll, TestEntries } from "./policy.contract.js";
import { NO_ENTRY } from "./policy.js";
import { S3FifoPolicy } from "./s3-fifo.js";

/** Room for ten, one of them in the small part. Ids are keys, unless a test renews one. */
function createPolicy() {
  const entries = new TestEntries();
  const policy = new S3FifoPolicy(entries);
  policy.reserve(1_000);
  policy.setCapacity(10);
  const insert = (id: number) => policy.insert(id, entries.hashOf(id));
  return { policy, entries, insert };
}

describe("s3-fifo policy", () => {
  it("gives up a stream of newcomers before the entries that were there when it began", () => {
    const { policy, insert } = createPolicy();
    for (let id = 1; id <= 10; id++) insert(id);
    for (let id = 2; id <= 10; id++) policy.hit(id);
    expect(policy.evict(NO_ENTRY)).toBe(1);
    for (let id = 11; id <= 50; id++) {
      insert(id);
      expect(policy.evict(NO_ENTRY)).toBe(id);
    }
  });

  it("moves what was read twice to the main part, and not what was read once", () => {
    const { policy, insert } = createPolicy();
    for (let id = 1; id <= 10; id++) insert(id);
    policy.evict(NO_ENTRY);
    insert(11);
    policy.hit(11);
    expect(policy.evict(NO_ENTRY)).toBe(11);
    insert(12);
    policy.hit(12);
    policy.hit(12);
    // It moves, and the main part, being full, gives up its oldest.
    expect(policy.evict(NO_ENTRY)).toBe(2);
    expect(evictAll(policy)).toContain(12);
  });

  it("puts a key that comes back in time into the main part", () => {
    const { policy, entries, insert } = createPolicy();
    for (let id = 1; id <= 10; id++) insert(id);
    expect(policy.evict(NO_ENTRY)).toBe(1);
    entries.renew(20, 1);
    insert(20);
    insert(21);
    // The newcomer goes, although the other key came before it.
    expect(policy.evict(NO_ENTRY)).toBe(2);
    expect(policy.evict(NO_ENTRY)).toBe(21);
  });

  it("lets an entry of the main part queue once more for each read, up to three", () => {
    const { policy, insert } = createPolicy();
    for (let id = 1; id <= 10; id++) insert(id);
    for (let reads = 0; reads < 9; reads++) policy.hit(5);
    expect(policy.evict(NO_ENTRY)).toBe(1);
    expect(evictAll(policy)).toEqual([2, 3, 4, 6, 7, 8, 9, 10, 5]);
  });
});
