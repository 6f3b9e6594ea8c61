import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVICTION_POLICIES, NO_ENTRY } from "./index.js";
import { evictAll, TestEntries } from "./policy.contract.js";

const seed = testSeed();
const IDS = 6;

interface Known {
  readonly id: number;
  readonly arrival: number;
  lastUse: number;
  uses: number;
  /** Uses, plus the priority of the latest victim at the last use. */
  priority: number;
}

type Preference = (known: Known) => readonly [number, number];

/** What each policy prefers to give up, said without any data structure: smaller goes first. */
const PREFERENCES: readonly (readonly ["lru" | "lfu" | "fifo", Preference])[] = [
  ["lru", ({ lastUse }) => [lastUse, 0]],
  ["lfu", ({ priority, lastUse }) => [priority, lastUse]],
  ["fifo", ({ arrival }) => [arrival, 0]],
];

/** Keeps everything it was told and sorts all of it for every answer. */
class NaivePolicy {
  readonly #preference: Preference;
  readonly #known = new Map<number, Known>();
  #time = 0;
  #age = 0;

  constructor(preference: Preference) {
    this.#preference = preference;
  }

  has(id: number): boolean {
    return this.#known.has(id);
  }

  insert(id: number): void {
    const arrival = ++this.#time;
    this.#known.set(id, { id, arrival, lastUse: arrival, uses: 1, priority: this.#age + 1 });
  }

  hit(id: number): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.lastUse = ++this.#time;
    known.uses += 1;
    known.priority = this.#age + known.uses;
  }

  remove(id: number): void {
    this.#known.delete(id);
  }

  evict(spared: number): number {
    const order = [...this.#known.values()].sort((a, b) => {
      const [mine, other] = [this.#preference(a), this.#preference(b)];
      return mine[0] - other[0] || mine[1] - other[1];
    });
    this.#age = order[0]?.priority ?? this.#age;
    const victim = order.find(({ id }) => id !== spared);
    if (victim === undefined) return NO_ENTRY;
    this.#known.delete(victim.id);
    return victim.id;
  }
}

const steps = fc.array(
  fc.record({
    action: fc.constantFrom("insert", "insert", "hit", "hit", "hit", "remove", "evict"),
    id: fc.integer({ min: 1, max: IDS }),
  }),
  { maxLength: 300 },
);

describe.each(PREFERENCES)("%s policy", (name, preference) => {
  it(`gives up what a search through all entries would (seed ${seed})`, () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const policy = EVICTION_POLICIES[name](new TestEntries());
        policy.reserve(IDS);
        const naive = new NaivePolicy(preference);
        for (const { action, id } of sequence) {
          if (action === "evict") {
            const spared = naive.has(id) ? id : NO_ENTRY;
            expect(policy.evict(spared)).toBe(naive.evict(spared));
          } else if (action === "insert" && !naive.has(id)) {
            policy.insert(id, 0);
            naive.insert(id);
          } else if (action === "remove" && naive.has(id)) {
            policy.remove(id);
            naive.remove(id);
          } else if (naive.has(id)) {
            policy.hit(id, 0);
            naive.hit(id);
          }
        }
        const rest = Array.from({ length: policy.size }, () => naive.evict(NO_ENTRY));
        expect(evictAll(policy)).toEqual(rest);
      }),
      { seed, numRuns: 300 },
    );
  });
});

describe("lfu policy", () => {
  it("gives up a formerly popular entry after others have come and gone", () => {
    const policy = EVICTION_POLICIES.lfu(new TestEntries());
    policy.reserve(10);
    policy.insert(1, 0);
    for (let uses = 0; uses < 5; uses++) policy.hit(1, 0);
    // Pairs that are read twice raise the age by two each.
    let evictedAfter = 0;
    for (let round = 1; round <= 10 && evictedAfter === 0; round++) {
      policy.insert(2, 0);
      policy.hit(2, 0);
      if (policy.evict(NO_ENTRY) === 1) evictedAfter = round;
    }
    expect(evictedAfter).toBe(3);
  });

  it("tells no longer apart what was read a thousand times and more", () => {
    const policy = EVICTION_POLICIES.lfu(new TestEntries());
    policy.reserve(3);
    for (const id of [1, 2, 3]) policy.insert(id, 0);
    for (let uses = 0; uses < 5_000; uses++) policy.hit(1, 0);
    for (let uses = 0; uses < 1_100; uses++) policy.hit(2, 0);
    expect(evictAll(policy)).toEqual([3, 1, 2]);
  });
});
