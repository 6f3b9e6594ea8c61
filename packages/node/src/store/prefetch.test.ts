import { describe, expect, it } from "vitest";
import { EVICTION_POLICIES } from "../eviction/index.js";
import { messageOf } from "../testing/key-messages.js";
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
  const keys = Array.from({ length: count }, (_, number) => `key ${number}`);
  const content = { value: Buffer.from("v"), encoding: 0, version: 1, pinned: false };
  const ids = keys.map((key) => {
    sought.set(key);
    const id = entries.add(sought, { ...content, expiresAtMs: Number.POSITIVE_INFINITY });
    policy.insert(id, sought.hash);
    return id;
  });
  const prefetch = new Prefetch(entries, pages, policy, PLACEMENT.hashSeed);
  const next = (key: string) => {
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
      prefetch.begin(...messageOf(keys));
      const found = keys.map(next);
      // A few share the first bits of their hashes with others; and what is left over at last is not worth it.
      const right = found.filter((id, index) => id === ids[index]);
      expect(right.length).toBeGreaterThan(0.85 * count);
      expect(found.every((id) => id === 0 || ids.includes(id))).toBe(true);
    },
  );

  it("goes on where a few keys were skipped, and not where many were", () => {
    const { prefetch, keys, ids, next } = createPrefetch(20);
    prefetch.begin(...messageOf(keys));
    expect(next(keys[3] as string)).toBe(ids[3]);
    expect(next(keys[5] as string)).toBe(ids[5]);
    expect(next(keys[5] as string)).toBe(0);
    expect(next(keys[2] as string)).toBe(0);
    expect(next(keys[19] as string)).toBe(0);
    expect(next(keys[6] as string)).toBe(ids[6]);
  });

  it("knows nothing of keys that are too long, or not there", () => {
    const { prefetch, keys, ids, next } = createPrefetch(5);
    const others = ["x".repeat(513), "nobody's", ""];
    prefetch.begin(...messageOf([...others, ...keys]));
    expect(next(others[1] as string)).toBe(0);
    expect(keys.map(next)).toEqual(ids);
  });

  it("finds nothing where nothing is", () => {
    const { prefetch, next } = createPrefetch(0);
    const keys = ["a", "b", "c", "d"];
    prefetch.begin(...messageOf(keys));
    expect(keys.map(next)).toEqual([0, 0, 0, 0]);
  });

  it("is over when other keys have come in place of those it was told of", () => {
    const { prefetch, keys, next } = createPrefetch(200);
    const [message, first, end] = messageOf(keys);
    const changing = { ...message };
    prefetch.begin(changing, first, end);
    changing.bytes = Buffer.from("others");
    const found = keys.map(next);
    expect(found.slice(0, 128).some((id) => id > 0)).toBe(true);
    expect(found.slice(128).every((id) => id === 0)).toBe(true);
  });

  it("does nothing for a few keys, and forgets the ones before", () => {
    const { prefetch, keys, next } = createPrefetch(5);
    prefetch.begin(...messageOf(keys));
    prefetch.begin(...messageOf(keys.slice(0, 3)));
    expect(keys.map(next)).toEqual([0, 0, 0, 0, 0]);
  });
});
