import { seededRandom } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { FrequencySketch } from "./frequency-sketch.js";
import { LruPolicy } from "./lru.js";
import { Miniatures } from "./miniatures.js";
import { TestEntries } from "./policy.contract.js";
import type { EvictionPolicy } from "./policy.js";
import { NO_ENTRY } from "./policy.js";
import { RECENCY, RULES } from "./rules.js";
import { S3FifoPolicy } from "./s3-fifo.js";
import { spread } from "./spread.js";

const CAPACITY = 50;
const KEYS = 400;

/** Whether each of the keys asked for is there, in a cache of that policy. */
function hitsOf(policy: EvictionPolicy, entries: TestEntries, requests: readonly number[]) {
  policy.reserve(CAPACITY);
  policy.setCapacity(CAPACITY);
  const ids = new Map<number, number>();
  const keys = new Map<number, number>();
  return requests.map((key) => {
    const known = ids.get(key);
    if (known !== undefined) {
      policy.hit(known, spread(key, 0));
      return true;
    }
    const id = policy.size < CAPACITY ? policy.size + 1 : policy.evict(NO_ENTRY);
    ids.delete(keys.get(id) ?? NO_ENTRY);
    ids.set(key, id);
    keys.set(id, key);
    entries.renew(id, key);
    policy.insert(id, spread(key, 0));
    return false;
  });
}

function createRequests(): number[] {
  const random = seededRandom(7);
  // The square makes some keys much more popular than others.
  return Array.from({ length: 20_000 }, () => 1 + Math.floor(random.next() ** 2 * KEYS));
}

describe("Miniatures", () => {
  it("hit where LRU and S3-FIFO of the same size hit", () => {
    const requests = createRequests();
    const miniatures = new Miniatures(new FrequencySketch(), RULES, CAPACITY);
    const outcomes = requests.map((key) => miniatures.request(spread(key, 0)));
    const hits = (place: number) => outcomes.map((outcome) => ((outcome >>> place) & 1) === 1);
    expect(hits(RECENCY)).toEqual(hitsOf(new LruPolicy(), new TestEntries(), requests));
    const entries = new TestEntries();
    const ofS3Fifo = hitsOf(new S3FifoPolicy(entries), entries, requests).filter(Boolean).length;
    const place = RULES.findIndex(({ name }) => name === "S3-FIFO");
    // They remember somewhat different numbers of keys.
    const difference = hits(place).filter(Boolean).length - ofS3Fifo;
    expect(Math.abs(difference)).toBeLessThanOrEqual(0.01 * requests.length);
  });

  it("take memory for what they hold, and not more with time", () => {
    const miniatures = new Miniatures(new FrequencySketch(), RULES, CAPACITY);
    const bytes: number[] = [];
    for (let round = 0; round < 3; round++) {
      for (let key = 0; key < 10_000; key++) miniatures.request(spread(round * 10_000 + key, 0));
      bytes.push(miniatures.tableBytes);
    }
    expect(bytes[2]).toBe(bytes[0]);
    expect(bytes[2]).toBeLessThanOrEqual(CAPACITY * 700);
  });
});
