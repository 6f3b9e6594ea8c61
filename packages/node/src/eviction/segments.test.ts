import { describe, expect, it } from "vitest";
import { FrequencySketch } from "./frequency-sketch.js";
import { Ghosts } from "./ghosts.js";
import { NO_ENTRY } from "./policy.js";
import { RECENCY, RULES, type Rules, SMALL_WINDOW } from "./rules.js";
import { Segments } from "./segments.js";
import { spread } from "./spread.js";

const lru = RULES[RECENCY] as Rules;
const byFrequency = RULES[SMALL_WINDOW] as Rules;
const withMargin = { ...byFrequency, margin: 1 };
const byReads = RULES.find(({ admission }) => admission === "reads") as Rules;

/**
 * Ten entries. By frequency 1 to 8 are in the main part once one was evicted, and 9 is the first that the window
 * pushes out.
 */
function createSegments(rules: Rules) {
  const keys = new Map<number, number>();
  const sizes = new Map<number, number>();
  const hashOf = (id: number) => spread(keys.get(id) ?? id, 0);
  const sketch = new FrequencySketch();
  sketch.resize(10_000, 1e9);
  const ghosts = new Ghosts();
  ghosts.setCapacity(10);
  const entries = { hashOf, bytesOf: (id: number) => sizes.get(id) ?? 100 };
  const segments = new Segments(entries, sketch, ghosts, rules);
  segments.reserve(100);
  const insert = (id: number) => segments.insert(id, hashOf(id));
  for (let id = 1; id <= 10; id++) insert(id);
  const count = (id: number, times: number) => {
    for (let i = 0; i < times; i++) sketch.increment(hashOf(id));
  };
  const evict = (count = 1) => Array.from({ length: count }, () => segments.evict(NO_ENTRY));
  return { segments, keys, sizes, insert, count, evict };
}

describe("Segments", () => {
  it("by frequency, give up what the window pushes out unless it was asked for more often", () => {
    expect(createSegments(byFrequency).evict()).toEqual([9]);
    const { count, evict } = createSegments(byFrequency);
    count(1, 2);
    count(9, 3);
    expect(evict()).toEqual([1]);
  });

  it("ask for so much more as the margin says", () => {
    const { count, evict } = createSegments(withMargin);
    count(9, 1);
    expect(evict()).toEqual([9]);
    const other = createSegments(withMargin);
    other.count(9, 2);
    expect(other.evict()).toEqual([1]);
  });

  it("weigh frequency by size", () => {
    const { sizes, count, evict } = createSegments(byFrequency);
    count(1, 3);
    count(9, 2);
    sizes.set(9, 50);
    expect(evict()).toEqual([1]);
    const other = createSegments(byFrequency);
    other.count(9, 3);
    other.count(1, 2);
    other.sizes.set(9, 200);
    expect(other.evict()).toEqual([9]);
  });

  it("take a key that comes back into the main part, without a contest", () => {
    const { segments, keys, insert, evict } = createSegments(byFrequency);
    expect(evict()).toEqual([9]);
    keys.set(11, 9);
    insert(11);
    insert(12);
    // By recency, what is left of the main part goes first.
    segments.follow(lru);
    expect(evict(11)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 11, 10, 12]);
  });

  it("let a read entry of the main part stay longer", () => {
    const { segments, evict } = createSegments(byFrequency);
    evict();
    segments.hit(1);
    segments.hit(1);
    // The window has less than its share now, so that the main part gives up its own.
    segments.remove(10);
    expect(evict(8)).toEqual([2, 3, 4, 5, 6, 7, 8, 1]);
  });

  it("keep everything through changes of the rules, and go by the latest", () => {
    const { segments, insert, evict } = createSegments(lru);
    segments.hit(1);
    expect(evict()).toEqual([2]);
    segments.follow(byReads);
    for (const id of [3, 3, 4]) segments.hit(id);
    // 3 was read twice and moves on; 4 was not.
    expect(evict()).toEqual([4]);
    segments.follow(byFrequency);
    insert(11);
    segments.follow(lru);
    expect(segments.size).toBe(9);
    expect(evict(9).toSorted((a, b) => a - b)).toEqual([1, 3, 5, 6, 7, 8, 9, 10, 11]);
  });
});
