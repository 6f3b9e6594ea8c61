import { seededRandom, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { createDirtyEntry, type DirtyEntry } from "./dirty-entry.js";
import { WaitingLine } from "./waiting-line.js";

function entry(key: string): DirtyEntry {
  const write = { key, partition: 0, version: 1, value: undefined, encoding: 0, bytes: 1 };
  const rest = { expiresAtMs: undefined, writtenAtMs: 0, isReplayed: false, generation: 0 };
  return createDirtyEntry({ ...write, ...rest });
}

describe("WaitingLine", () => {
  it("keeps the order in which entries came, and places in it when they are replaced", () => {
    const line = new WaitingLine();
    const [a, b, c, newer] = ["a", "b", "c", "newer"].map(entry) as [
      DirtyEntry,
      DirtyEntry,
      DirtyEntry,
      DirtyEntry,
    ];
    for (const each of [a, b, c]) line.push(each);
    line.replace(b, newer);
    line.remove(a);
    expect([...line].map(({ key }) => key)).toEqual(["newer", "c"]);
    expect(line.first).toBe(newer);
    expect(line.size).toBe(2);
  });

  it("does what a plain list does, whatever happens in whichever order", () => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random.next() * limit);
    const line = new WaitingLine();
    const list: DirtyEntry[] = [];
    for (let step = 0; step < 50_000; step++) {
      // Long stretches of growing and of shrinking, so that empty slots are given up.
      const grows = below(100) < (Math.floor(step / 10_000) % 2 === 0 ? 60 : 40);
      if (grows || list.length === 0) {
        const added = entry(`${step}`);
        line.push(added);
        list.push(added);
      } else {
        const place = below(4) === 0 ? below(list.length) : 0;
        const old = list[place] as DirtyEntry;
        if (below(5) === 0) {
          const newer = entry(`${step}`);
          line.replace(old, newer);
          list[place] = newer;
        } else {
          line.remove(old);
          list.splice(place, 1);
        }
      }
      if (line.first !== list[0] || line.size !== list.length) {
        expect.fail(`seed ${seed}, step ${step}: the line has lost its order`);
      }
    }
    expect([...line]).toEqual(list);
  });
});
