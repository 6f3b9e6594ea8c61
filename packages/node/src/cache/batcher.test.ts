import { describe, expect, it } from "vitest";
import { turn } from "../testing/turns.js";
import { Batcher } from "./batcher.js";

function createBatcher(options: { maxItems?: number; maxBytes?: number }) {
  const batches: number[][] = [];
  const batcher = new Batcher<number, number>({
    maxItems: 100,
    maxBytes: 100,
    maxConcurrent: 10,
    maxWaiting: 100,
    ...options,
    bytesOf: (bytes) => bytes,
    run: async (items) => {
      batches.push([...items]);
      return items;
    },
  });
  return { batcher, batches };
}

describe("Batcher", () => {
  it("puts no more items into a batch than allowed", async () => {
    const { batcher, batches } = createBatcher({ maxItems: 2 });
    await Promise.all([1, 1, 1, 1, 1].map((item) => batcher.add(item)));
    expect(batches).toEqual([[1, 1], [1, 1], [1]]);
  });

  it("puts no more bytes into a batch than allowed, unless one item alone has more", async () => {
    const { batcher, batches } = createBatcher({ maxBytes: 10 });
    await Promise.all([4, 6, 1, 30, 10, 1].map((item) => batcher.add(item)));
    expect(batches).toEqual([[4, 6], [1], [30], [10], [1]]);
  });

  it("refuses more than may wait", async () => {
    const { batcher } = createBatcher({});
    const waiting = Array.from({ length: 100 }, () => batcher.add(1));
    await expect(batcher.add(1)).rejects.toMatchObject({ code: "OVERLOADED" });
    await turn();
    expect(await Promise.all(waiting)).toHaveLength(100);
  });
});
