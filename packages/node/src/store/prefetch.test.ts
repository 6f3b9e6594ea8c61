import { describe, expect, it } from "vitest";
import { EVICTION_POLICIES } from "../eviction/index.js";
import { Entries } from "./entries.js";
import { Pages } from "./pages.js";
import { Prefetch } from "./prefetch.js";
import { SoughtKey } from "./sought-key.js";

const PLACEMENT = { partitions: 4, hashSeed: 3 };

function createPrefetch(count: number) {
  const pages = new Pages();
  const entries = new Entries({ pages, placement: PLACEMENT, likelyEntries: 0 });
  const policy = EVICTION_POLICIES.lru({ hashOf: (id) => entries.hashOf(id), bytesOf: () => 1 });
  policy.reserve(entries.table.capacity);
  const sought = new SoughtKey(PLACEMENT.hashSeed);
  const keys = Array.from({ length: count }, (_, number) => Buffer.from(`key ${number}`));
  const content = { value: Buffer.from("v"), encoding: 0, version: 1, pinned: false };
  const ids = keys.map((key) => {
    sought.set(key);
    const id = entries.add(sought, { ...content, expiresAtMs: Number.POSITIVE_INFINITY });
    policy.insert(id, sought.hash);
    return id;
  });
  const prefetch = new Prefetch(entries, pages, policy, PLACEMENT.hashSeed);
  const next = (key: Buffer) => {
    sought.set(key);
    return prefetch.next(sought.hash);
  };
  return { prefetch, entries, keys, ids, next };
}

describe("Prefetch", () => {
  it.each([4, 128, 129, 300, 1_000])(
    "finds the entries of %i keys, one after the other",
    (count) => {
      const { prefetch, keys, ids, next } = createPrefetch(count);
      prefetch.begin(keys);
      const found = keys.map(next);
      // A few share the first bits of their hashes with others; and what is left over at last is not worth it.
      const right = found.filter((id, index) => id === ids[index]);
      expect(right.length).toBeGreaterThan(0.85 * count);
      expect(found.every((id) => id === 0 || ids.includes(id))).toBe(true);
    },
  );

  it("goes on where a few keys were skipped, and not where many were", () => {
    const { prefetch, keys, ids, next } = createPrefetch(20);
    prefetch.begin(keys);
    expect(next(keys[3] as Buffer)).toBe(ids[3]);
    expect(next(keys[5] as Buffer)).toBe(ids[5]);
    expect(next(keys[5] as Buffer)).toBe(0);
    expect(next(keys[2] as Buffer)).toBe(0);
    expect(next(keys[19] as Buffer)).toBe(0);
    expect(next(keys[6] as Buffer)).toBe(ids[6]);
  });

  it("knows nothing of keys that are too long, or not there", () => {
    const { prefetch, keys, ids, next } = createPrefetch(5);
    const others = [Buffer.alloc(513), Buffer.from("nobody's"), Buffer.alloc(0)];
    prefetch.begin([...others, ...keys]);
    expect(next(others[1] as Buffer)).toBe(0);
    expect(keys.map(next)).toEqual(ids);
  });

  it("finds nothing where nothing is", () => {
    const { prefetch, next } = createPrefetch(0);
    const keys = ["a", "b", "c", "d"].map((key) => Buffer.from(key));
    prefetch.begin(keys);
    expect(keys.map(next)).toEqual([0, 0, 0, 0]);
  });

  it("does nothing for a few keys, and forgets the ones before", () => {
    const { prefetch, keys, next } = createPrefetch(5);
    prefetch.begin(keys);
    prefetch.begin(keys.slice(0, 3));
    expect(keys.map(next)).toEqual([0, 0, 0, 0, 0]);
  });
});
