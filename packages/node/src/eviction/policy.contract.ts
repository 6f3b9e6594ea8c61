/** What every policy must do, whichever entries it prefers, and entries for its tests. */
import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type CreateEvictionPolicy,
  type EvictionPolicy,
  NO_ENTRY,
  type PolicyEntries,
} from "./index.js";
import { spread } from "./spread.js";

const seed = testSeed();

/** Entries of a test: each id's key is its own number until `renew` says otherwise. */
export class TestEntries implements PolicyEntries {
  readonly #keys = new Map<number, number>();

  hashOf(id: number): number {
    return spread(this.#keys.get(id) ?? id, 0);
  }

  bytesOf(): number {
    return 100;
  }

  /** From now on the id stands for another key. */
  renew(id: number, key: number): void {
    this.#keys.set(id, key);
  }
}

/** Evicts until nothing is left. */
export function evictAll(policy: EvictionPolicy): number[] {
  const victims: number[] = [];
  for (;;) {
    const victim = policy.evict(NO_ENTRY);
    if (victim === NO_ENTRY) return victims;
    victims.push(victim);
  }
}

/** Call it inside a `describe`. */
export function itKeepsThePolicyContract(create: CreateEvictionPolicy): void {
  function createTracking(...ids: number[]) {
    const entries = new TestEntries();
    const policy = create(entries);
    policy.reserve(100);
    policy.setCapacity(100);
    for (const id of ids) policy.insert(id, entries.hashOf(id));
    const hit = (id: number) => policy.hit(id, entries.hashOf(id));
    return { policy, entries, hit };
  }

  it("has no victim when it tracks nothing", () => {
    const { policy } = createTracking();
    expect(policy.evict(NO_ENTRY)).toBe(NO_ENTRY);
    expect(policy.size).toBe(0);
  });

  it("gives up every tracked entry exactly once", () => {
    const { policy, hit } = createTracking(1, 2, 3, 4);
    for (const id of [2, 3, 3, 4, 4, 4]) hit(id);
    expect(evictAll(policy).toSorted()).toEqual([1, 2, 3, 4]);
    expect(policy.size).toBe(0);
  });

  it("is as it was after a touch, of any id", () => {
    const [touched, other] = [createTracking(1, 2, 3), createTracking(1, 2, 3)];
    for (const { hit, policy } of [touched, other]) {
      hit(2);
      policy.remove(3);
    }
    for (const id of [0, 1, 2, 3, 99]) {
      expect(touched.policy.touch(id, touched.entries.hashOf(id))).not.toBeNaN();
    }
    expect(evictAll(touched.policy)).toEqual(evictAll(other.policy));
  });

  it("never gives up an entry that was removed", () => {
    for (const removed of [1, 2, 3]) {
      const { policy } = createTracking(1, 2, 3);
      policy.remove(removed);
      expect(evictAll(policy).toSorted()).toEqual([1, 2, 3].filter((id) => id !== removed));
    }
  });

  it("passes over the spared entry, and over no other", () => {
    const { policy, hit } = createTracking(1, 2);
    hit(2);
    expect(policy.evict(1)).toBe(2);
    expect(policy.evict(1)).toBe(NO_ENTRY);
    expect(policy.size).toBe(1);
    expect(policy.evict(NO_ENTRY)).toBe(1);
  });

  it("tracks an entry whose id comes back", () => {
    const { policy, entries, hit } = createTracking(1, 2);
    hit(1);
    policy.remove(1);
    entries.renew(1, 77);
    policy.insert(1, entries.hashOf(1));
    expect(policy.size).toBe(2);
    expect(evictAll(policy).toSorted()).toEqual([1, 2]);
  });

  it("keeps what it tracks, and the order, while ids grow", () => {
    const { policy, entries, hit } = createTracking(1, 2, 3);
    const { policy: other, hit: hitOther } = createTracking(1, 2, 3);
    for (const id of [3, 3, 1]) hit(id);
    for (const id of [3, 3, 1]) hitOther(id);
    policy.reserve(100_000);
    policy.insert(100_000, entries.hashOf(100_000));
    policy.remove(100_000);
    expect(evictAll(policy)).toEqual(evictAll(other));
  });

  it("counts the memory of the ids that were used, not of those it is ready for", () => {
    const { policy, entries } = createTracking();
    policy.reserve(1_000_000);
    const emptyBytes = policy.tableBytes;
    for (let id = 1; id <= 10_000; id++) policy.insert(id, entries.hashOf(id));
    const perEntry = (policy.tableBytes - emptyBytes) / 10_000;
    expect(perEntry).toBeGreaterThanOrEqual(5);
    expect(perEntry).toBeLessThanOrEqual(20);
  });

  it("keeps what it tracks when the capacity changes", () => {
    const { policy, entries } = createTracking();
    const ids = Array.from({ length: 60 }, (_, index) => index + 1);
    for (const id of ids) policy.insert(id, entries.hashOf(id));
    for (const capacity of [1, 1_000, 10]) policy.setCapacity(capacity);
    expect(policy.size).toBe(60);
    expect(evictAll(policy).toSorted((a, b) => a - b)).toEqual(ids);
  });

  it(`tracks exactly what went in and did not come out, whatever happens (seed ${seed})`, () => {
    const step = fc.record({
      action: fc.constantFrom("insert", "insert", "hit", "hit", "remove", "evict", "capacity"),
      id: fc.integer({ min: 1, max: 12 }),
      key: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { policy, entries, hit } = createTracking();
        policy.setCapacity(6);
        const tracked = new Set<number>();
        for (const { action, id, key } of steps) {
          if (action === "capacity") policy.setCapacity(key);
          else if (action === "evict") {
            const spared = tracked.has(id) ? id : NO_ENTRY;
            const victim = policy.evict(spared);
            const isForced = tracked.size === (spared === NO_ENTRY ? 0 : 1);
            expect(victim === NO_ENTRY).toBe(isForced);
            expect(victim === NO_ENTRY || tracked.delete(victim)).toBe(true);
            expect(victim === spared && victim !== NO_ENTRY).toBe(false);
          } else if (action === "insert" && !tracked.has(id)) {
            entries.renew(id, key);
            policy.insert(id, entries.hashOf(id));
            tracked.add(id);
          } else if (action === "remove" && tracked.delete(id)) policy.remove(id);
          else if (tracked.has(id)) hit(id);
          expect(policy.size).toBe(tracked.size);
        }
        expect(new Set(evictAll(policy))).toEqual(tracked);
      }),
      { seed, numRuns: 200 },
    );
  });
}
