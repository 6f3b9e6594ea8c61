import { seededRandom } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { AdaptivePolicy } from "./adaptive.js";
import { LruPolicy } from "./lru.js";
import { type EvictionPolicy, NO_ENTRY } from "./policy.js";
import { spread } from "./spread.js";

/** A cache without values that counts its hits. */
class Cache {
  readonly #policy: EvictionPolicy;
  readonly #capacity: number;
  readonly #ids = new Map<number, number>();
  readonly #keys: number[] = [];

  constructor(create: (cache: Cache) => EvictionPolicy, capacity: number) {
    this.#capacity = capacity;
    this.#policy = create(this);
    this.#policy.reserve(capacity);
    this.#policy.setCapacity(capacity);
  }

  hashOf(id: number): number {
    return spread(this.#keys[id] ?? 0, 0);
  }

  bytesOf(): number {
    return 1;
  }

  /** The share of the requests that hit. */
  replay(requests: Iterable<number>): number {
    let count = 0;
    let hits = 0;
    for (const key of requests) {
      count += 1;
      if (this.#request(key)) hits += 1;
    }
    return hits / count;
  }

  #request(key: number): boolean {
    const known = this.#ids.get(key);
    if (known !== undefined) {
      this.#policy.hit(known, spread(key, 0));
      return true;
    }
    const isFull = this.#policy.size >= this.#capacity;
    const id = isFull ? this.#policy.evict(NO_ENTRY) : this.#policy.size + 1;
    if (isFull) this.#ids.delete(this.#keys[id] ?? 0);
    this.#ids.set(key, id);
    this.#keys[id] = key;
    this.#policy.insert(id, spread(key, 0));
    return false;
  }
}

function createCaches(capacity: number) {
  let policy: AdaptivePolicy | undefined;
  const adaptive = new Cache((cache) => {
    policy = new AdaptivePolicy(cache);
    return policy;
  }, capacity);
  const lru = new Cache(() => new LruPolicy(), capacity);
  return { adaptive, lru, rules: () => policy?.rules };
}

function* loop(keys: number, rounds: number): Generator<number> {
  for (let round = 0; round < rounds; round++) for (let key = 1; key <= keys; key++) yield key;
}

/** Every key comes a few times in short order, then never again. */
function* bursts(first: number, keys: number, random: { next(): number }): Generator<number> {
  for (let key = first; key < first + keys; key++) {
    yield key;
    yield Math.max(first, key - Math.floor(random.next() * 300));
    yield Math.max(first, key - Math.floor(random.next() * 300));
  }
}

describe.each([500, 6_000])("adaptive policy with room for %i", (capacity) => {
  it("keeps a part of a loop that is larger than the cache, where LRU keeps nothing", () => {
    const { adaptive, lru, rules } = createCaches(capacity);
    expect(lru.replay(loop(3 * capacity, 20))).toBe(0);
    adaptive.replay(loop(3 * capacity, 15));
    // A third of the loop fits.
    expect(adaptive.replay(loop(3 * capacity, 5))).toBeGreaterThan(0.3);
    expect(rules()).toMatch(/^window/);
  });

  it("does as well as LRU where what is new is what is asked for", () => {
    const { adaptive, lru } = createCaches(capacity);
    const keys = 10 * capacity;
    const ofLru = lru.replay(bursts(1, keys, seededRandom(3)));
    expect(ofLru).toBeGreaterThan(0.6);
    expect(adaptive.replay(bursts(1, keys, seededRandom(3)))).toBeGreaterThan(ofLru - 0.005);
  });

  it("changes over and back as requests change", () => {
    const { adaptive, lru } = createCaches(capacity);
    adaptive.replay(loop(3 * capacity, 15));
    adaptive.replay(bursts(1_000_000, 5 * capacity, seededRandom(3)));
    const latest = () => bursts(2_000_000, 5 * capacity, seededRandom(4));
    expect(adaptive.replay(latest())).toBeGreaterThan(lru.replay(latest()) - 0.005);
    adaptive.replay(loop(3 * capacity, 15));
    expect(adaptive.replay(loop(3 * capacity, 5))).toBeGreaterThan(0.25);
  });
});

describe("adaptive policy", () => {
  it("does the same whenever the requests are the same", () => {
    const requests = () => bursts(1, 5_000, seededRandom(5));
    const { adaptive } = createCaches(100);
    const { adaptive: other } = createCaches(100);
    expect(adaptive.replay(requests())).toBe(other.replay(requests()));
  });

  it("keeps no table of frequencies before the cache is half full", () => {
    const policy = new AdaptivePolicy({ hashOf: (id) => spread(id, 0), bytesOf: () => 1 });
    policy.reserve(100_000);
    policy.setCapacity(100_000);
    for (let id = 1; id <= 49_000; id++) policy.insert(id, spread(id, 0));
    const before = policy.tableBytes;
    for (let id = 49_001; id <= 51_000; id++) policy.insert(id, spread(id, 0));
    expect(policy.tableBytes - before).toBeGreaterThan(800_000);
  });

  it("takes 25 bytes at most for each of many entries", () => {
    const capacity = 300_000;
    const hashes = Uint32Array.from({ length: capacity + 1 }, (_, id) => spread(id, 0));
    const policy = new AdaptivePolicy({ hashOf: (id) => hashes[id] ?? 0, bytesOf: () => 1 });
    policy.reserve(capacity);
    policy.setCapacity(capacity);
    for (let key = 1; key <= 3 * capacity; key++) {
      const id = key <= capacity ? key : policy.evict(NO_ENTRY);
      hashes[id] = spread(key, 0);
      policy.insert(id, spread(key, 0));
    }
    expect(policy.tableBytes / capacity).toBeLessThanOrEqual(25);
  });
});
