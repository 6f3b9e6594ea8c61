/** What every policy must do, whichever entries it prefers, and an entry for its tests. */
import { expect, it } from "vitest";
import type { EntryGroup, EvictionLinks } from "./entry-list.js";
import type { CreateEvictionPolicy } from "./index.js";

export class TestEntry implements EvictionLinks<TestEntry> {
  readonly name: string;
  older: TestEntry | undefined = undefined;
  newer: TestEntry | undefined = undefined;
  group: EntryGroup<TestEntry> | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

/** Call it inside a `describe`. */
export function itKeepsThePolicyContract(create: CreateEvictionPolicy): void {
  function createTracking(...names: string[]) {
    const policy = create<TestEntry>();
    const entries = names.map((name) => new TestEntry(name));
    for (const entry of entries) policy.onInsert(entry);
    /** Evicts until nothing is left. */
    function evictAll(): string[] {
      const victims: string[] = [];
      for (let victim = policy.victim(); victim !== undefined; victim = policy.victim()) {
        policy.onRemove(victim);
        victims.push(victim.name);
      }
      return victims;
    }
    const [a = new TestEntry("a"), b = new TestEntry("b")] = entries;
    return { policy, entries, a, b, evictAll };
  }

  it("has no victim when it tracks nothing", () => {
    const { policy, a } = createTracking();
    expect(policy.victim()).toBeUndefined();
    expect(policy.victim(a)).toBeUndefined();
  });

  it("names the same victim until something happens", () => {
    const { policy } = createTracking("a", "b", "c");
    expect(policy.victim()).toBe(policy.victim());
  });

  it("gives up every tracked entry exactly once", () => {
    const { policy, entries, evictAll } = createTracking("a", "b", "c", "d");
    for (const entry of entries.slice(1)) policy.onHit(entry);
    expect(evictAll().toSorted()).toEqual(["a", "b", "c", "d"]);
  });

  it("never gives up an entry that was removed", () => {
    for (const removed of [0, 1, 2]) {
      const { policy, entries, evictAll } = createTracking("a", "b", "c");
      for (const entry of entries.splice(removed, 1)) policy.onRemove(entry);
      expect(evictAll().toSorted()).toEqual(entries.map(({ name }) => name));
    }
  });

  it("passes over the spared entry, and over no other", () => {
    const { policy, a, b } = createTracking("a", "b");
    policy.onHit(b);
    expect(policy.victim(a)).toBe(b);
    expect(policy.victim(b)).toBe(a);
    policy.onRemove(a);
    expect(policy.victim(b)).toBeUndefined();
    expect(policy.victim()).toBe(b);
  });

  it("tracks an entry that comes back as a new one", () => {
    const { policy, a, evictAll } = createTracking("a", "b");
    policy.onHit(a);
    policy.onRemove(a);
    policy.onInsert(a);
    expect(evictAll()).toEqual(["b", "a"]);
  });

  it("leaves no link to other entries on one that was removed", () => {
    const { policy, entries } = createTracking("a", "b", "c");
    for (const entry of entries) policy.onHit(entry);
    for (const entry of entries) policy.onRemove(entry);
    for (const { older, newer, group } of entries) {
      expect({ older, newer, group }).toEqual({});
    }
  });
}
