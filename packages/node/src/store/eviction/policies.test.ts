import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVICTION_POLICIES, type EvictionPolicyName } from "./index.js";
import { itKeepsThePolicyContract, TestEntry } from "./policy.contract.js";

const seed = testSeed();
const NAMES = ["a", "b", "c", "d", "e", "f"];

interface Known {
  readonly name: string;
  readonly arrival: number;
  lastUse: number;
  uses: number;
}

/** What each policy prefers to give up, said without any data structure: smaller goes first. */
const PREFERENCES: Readonly<Record<EvictionPolicyName, (known: Known) => readonly number[]>> = {
  lru: ({ lastUse }) => [lastUse],
  lfu: ({ uses, lastUse }) => [uses, lastUse],
  fifo: ({ arrival }) => [arrival],
};

/** Keeps everything it was told and sorts all of it for every answer. */
class NaivePolicy {
  readonly #preference: (known: Known) => readonly number[];
  readonly #known = new Map<string, Known>();
  #time = 0;

  constructor(preference: (known: Known) => readonly number[]) {
    this.#preference = preference;
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  insert(name: string): void {
    this.#time += 1;
    this.#known.set(name, { name, arrival: this.#time, lastUse: this.#time, uses: 1 });
  }

  hit(name: string): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    known.lastUse = ++this.#time;
    known.uses += 1;
  }

  remove(name: string): void {
    this.#known.delete(name);
  }

  victim(spared?: string): string | undefined {
    const candidates = [...this.#known.values()].filter(({ name }) => name !== spared);
    const [first] = candidates.sort((a, b) => {
      const [mine, other] = [this.#preference(a), this.#preference(b)];
      return (mine[0] ?? 0) - (other[0] ?? 0) || (mine[1] ?? 0) - (other[1] ?? 0);
    });
    return first?.name;
  }
}

const steps = fc.array(
  fc.record({
    action: fc.constantFrom("insert", "hit", "hit", "hit", "remove", "evict"),
    name: fc.constantFrom(...NAMES),
  }),
  { maxLength: 200 },
);

describe.each(Object.entries(EVICTION_POLICIES))("%s policy", (name, create) => {
  itKeepsThePolicyContract(create);

  it(`gives up what a search through all entries would (seed ${seed})`, () => {
    // The names come from the same table, as its keys.
    const preference = PREFERENCES[name as EvictionPolicyName];
    fc.assert(
      fc.property(steps, (sequence) => {
        const policy = create<TestEntry>();
        const naive = new NaivePolicy(preference);
        const entries = new Map(NAMES.map((each) => [each, new TestEntry(each)]));
        for (const step of sequence) {
          const evicted = step.action === "evict" ? policy.victim() : undefined;
          const entry = evicted ?? entries.get(step.name);
          if (entry === undefined) continue;
          if (step.action === "insert" && !naive.has(entry.name)) {
            policy.onInsert(entry);
            naive.insert(entry.name);
          } else if (step.action === "hit" && naive.has(entry.name)) {
            policy.onHit(entry);
            naive.hit(entry.name);
          } else if (step.action !== "hit" && naive.has(entry.name)) {
            policy.onRemove(entry);
            naive.remove(entry.name);
          }
          expect(policy.victim()?.name).toBe(naive.victim());
          for (const spared of entries.values()) {
            expect(policy.victim(spared)?.name).toBe(naive.victim(spared.name));
          }
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});
