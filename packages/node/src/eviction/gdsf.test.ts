import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GdsfPolicy } from "./gdsf.js";
import { NO_ENTRY } from "./policy.js";

const seed = testSeed();
const IDS = 8;

function createPolicy(bytes: Readonly<Record<number, number>>) {
  const policy = new GdsfPolicy({ hashOf: (id) => id, bytesOf: (id) => bytes[id] ?? 1 });
  policy.reserve(IDS);
  return policy;
}

describe("gdsf policy", () => {
  it("gives up a large entry before small ones that are used as often, and not when it is used more", () => {
    const policy = createPolicy({ 1: 10, 2: 100, 3: 10, 4: 100 });
    for (const id of [1, 2, 3, 4]) policy.insert(id);
    for (let uses = 0; uses < 10; uses++) policy.hit(4);
    expect(policy.evict(NO_ENTRY)).toBe(2);
    expect([policy.evict(NO_ENTRY), policy.evict(NO_ENTRY)].toSorted()).toEqual([1, 3]);
    expect(policy.evict(NO_ENTRY)).toBe(4);
  });

  it("gives up a formerly popular entry after others have come and gone", () => {
    const policy = createPolicy({});
    policy.insert(1);
    for (let uses = 0; uses < 4; uses++) policy.hit(1);
    const victims: number[] = [];
    for (let round = 0; round < 6; round++) {
      policy.insert(2);
      victims.push(policy.evict(NO_ENTRY));
      if (victims.at(-1) === 1) break;
    }
    expect(victims.length).toBeGreaterThan(1);
    expect(victims.at(-1)).toBe(1);
  });

  it(`gives up what has the lowest priority of all (seed ${seed})`, () => {
    const step = fc.record({
      action: fc.constantFrom("insert", "insert", "hit", "hit", "remove", "evict", "resize"),
      id: fc.integer({ min: 1, max: IDS }),
      bytes: fc.integer({ min: 1, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const sizes: Record<number, number> = {};
        const policy = createPolicy(sizes);
        const known = new Map<number, { uses: number; priority: number }>();
        let age = 0;
        for (const { action, id, bytes } of steps) {
          const one = known.get(id);
          if (action === "resize" || (action === "insert" && one === undefined)) sizes[id] = bytes;
          const size = sizes[id] ?? 1;
          if (action === "evict") {
            const spared = one === undefined ? NO_ENTRY : id;
            const victim = policy.evict(spared);
            const others = [...known].filter(([other]) => other !== spared);
            expect(victim === NO_ENTRY).toBe(others.length === 0);
            const lowest = Math.min(...others.map(([, { priority }]) => priority));
            if (victim === NO_ENTRY) continue;
            expect(known.get(victim)?.priority).toBe(lowest);
            age = lowest;
            known.delete(victim);
          } else if (one === undefined) {
            if (action !== "insert") continue;
            policy.insert(id);
            known.set(id, { uses: 1, priority: age + 1 / size });
          } else if (action === "remove") {
            policy.remove(id);
            known.delete(id);
          } else {
            policy.hit(id);
            one.uses += 1;
            one.priority = age + one.uses / size;
          }
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});
